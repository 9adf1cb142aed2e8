/** Rules of the task file that hold between its keys. */
import { parseOrExplain, Task } from '../../src/contracts/index.js';

const MINIMAL = { name: 'tone', kind: 'text-classification', labels: [{ name: 'praise' }, { name: 'complaint' }] };
const task = (votes: object) => Task.safeParse({ ...MINIMAL, votes });

describe('labels', () => {
  it('are no names that every object of JavaScript has', () => {
    const { error } = Task.safeParse({ ...MINIMAL, labels: [{ name: 'Class' }, { name: 'constructor' }] });
    expect(error?.issues).toMatchObject([
      {
        path: ['labels', 1, 'name'],
        message: '"constructor" is a word of JavaScript: write it otherwise, and this spelling under aliases',
      },
    ]);
  });
});

describe('votes', () => {
  it('may not stop early where they are weighed', () => {
    const refused = task({ aggregation: 'dawid-skene', stop: 'majority' });
    expect(refused.error?.issues).toMatchObject([
      { path: ['votes', 'stop'], message: 'votes.aggregation "dawid-skene" needs every vote: use "all"' },
    ]);
    expect(task({ aggregation: 'weighted', stop: 'all' }).success).toBe(true);
    expect(task({ aggregation: 'majority', stop: 'majority' }).success).toBe(true);
  });

  it.each([{}, { stop: 'majority' }, { unreadable: 'abstain' }])(
    'need not say how they are weighed, with %j',
    (votes) => {
      expect(task(votes).data?.votes.aggregation).toBe('auto');
    },
  );

  it('that can not be read have no weight', () => {
    const refused = task({ aggregation: 'weighted', unreadable: 'random' });
    expect(refused.error?.issues).toMatchObject([
      {
        path: ['votes', 'unreadable'],
        message: 'votes.aggregation "weighted" has no weight for a vote that can\'t be read: use "drop"',
      },
    ]);
    expect(task({ aggregation: 'majority', unreadable: 'random' }).success).toBe(true);
  });
});

describe('headers of a teacher', () => {
  const explained = (headers: Record<string, string>) => parseOrExplain(Task, { ...MINIMAL, teacher: { headers } });

  it.each(['Authorization', 'X-Api-Key', 'api-key', 'x-access-token'])('hold no secret: %s', (name) => {
    const refused = explained({ 'X-Tenant': 'acme', [name]: 'Bearer sk-123' });
    expect(refused).toMatchObject({ ok: false, problems: expect.stringContaining(`teacher.headers.${name}`) });
    expect(JSON.stringify(refused)).toContain('environment variable');
    expect(JSON.stringify(refused)).not.toContain('sk-123');
    expect(explained({ 'X-Tenant': 'acme', [name]: 'Bearer ${KEY}' }).ok).toBe(true);
  });
});

describe('class weights', () => {
  const classWeights = { praise: 2, prise: 1 };
  const problemOf = (student: unknown) => {
    const { error } = Task.safeParse({ ...MINIMAL, student });
    return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  it('are for labels of the task alone, in a student and in a step of a ladder', () => {
    const step = { kind: 'encoder', encoder: './minilm', classWeights };
    const says = '"prise" is not one of the labels: praise, complaint';
    expect(problemOf(step)).toEqual([`student.classWeights.prise: ${says}`]);
    expect(problemOf({ kind: 'ladder', steps: [{ kind: 'linear' }, step] })).toEqual([
      `student.steps.1.classWeights.prise: ${says}`,
    ]);
    expect(problemOf({ ...step, classWeights: { praise: 2 } })).toBeUndefined();
  });
});
