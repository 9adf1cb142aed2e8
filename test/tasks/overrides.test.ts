/** --set changes exactly what its path names. */
import { applySet, parseSetArguments, TaskError } from '../../src/tasks/index.js';

describe('applySet', () => {
  it('changes a key deep inside and leaves its neighbours', () => {
    const task = { votes: { stop: 'all', ties: 'abstain' } };
    expect(applySet(task, { 'votes.stop': 'majority' })).toEqual({ votes: { stop: 'majority', ties: 'abstain' } });
  });

  it('leaves the value that it was given as it was', () => {
    const task = { votes: { stop: 'all' } };
    applySet(task, { 'votes.stop': 'majority' });
    expect(task).toEqual({ votes: { stop: 'all' } });
  });

  it('makes the objects that are missing on the way, also in place of an empty YAML key', () => {
    expect(applySet({ budget: null }, { 'budget.usd': 5, 'gates.labels.minAlpha': 0.5 })).toEqual({
      budget: { usd: 5 },
      gates: { labels: { minAlpha: 0.5 } },
    });
  });

  it('changes an entry of a list, adds one behind the last, and starts a list at place 0', () => {
    const task = { labels: [{ name: 'good' }] };
    expect(
      applySet(task, { 'labels.0.name': 'fine', 'labels.1.name': 'bad', 'votes.plan.0.prompt': 'direct' }),
    ).toEqual({ labels: [{ name: 'fine' }, { name: 'bad' }], votes: { plan: [{ prompt: 'direct' }] } });
  });

  it('applies overrides in their order, so that a part of a new object can be changed', () => {
    expect(applySet({}, { budget: { usd: 1, calls: 2 }, 'budget.usd': 9 })).toEqual({ budget: { usd: 9, calls: 2 } });
  });

  it.each([
    ['labels.3.name', 'labels is a list of 1; "3" is none of its places, 0 to 1'],
    ['labels.name', 'labels is a list of 1; "name" is none of its places, 0 to 1'],
    ['seed.value', 'seed is 42, it has no keys'],
    ['votes..stop', 'the path must be keys with dots between them'],
    ['__proto__.polluted', 'the path must be keys with dots between them'],
  ])('refuses the path %s', (path, problem) => {
    const apply = () => applySet({ labels: [{ name: 'good' }], seed: 42 }, { [path]: 1 });
    expect(apply).toThrow(TaskError);
    expect(apply).toThrow(problem);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('parseSetArguments', () => {
  it.each([
    ['votes.stop=majority', 'majority'],
    ['budget.usd=5', 5],
    ['budget.usd=null', null],
    ['teacher.sendSeed=false', false],
    ['labels.0.name="1"', '1'],
    ['student.strengths=[1, 10]', [1, 10]],
    ['budget={usd: 1, calls: 2}', { usd: 1, calls: 2 }],
    ['description=Labels: three', 'Labels: three'],
    ['teacher.url=http://localhost:8000/v1?a=b', 'http://localhost:8000/v1?a=b'],
  ])('reads %s', (assignment, value) => {
    const path = assignment.slice(0, assignment.indexOf('='));
    expect(parseSetArguments([assignment])).toEqual({ [path]: value });
  });

  it('takes the last of two values for the same path', () => {
    expect(parseSetArguments(['seed=1', 'seed=2'])).toEqual({ seed: 2 });
  });

  it.each(['votes.stop', '=majority', 'labels=[1'])('refuses %s', (assignment) => {
    expect(() => parseSetArguments([assignment])).toThrow(TaskError);
  });
});
