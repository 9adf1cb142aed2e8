import { parseOrExplain, Task } from '../../src/contracts/index.js';

const first = { prompt: 'reasoned', samples: 2 };
const dear = { prompt: 'reasoned', teacher: 'dear', when: 'disagreement' };

function problems(votes: unknown, teachers: unknown = { dear: { model: 'a/b' } }): string {
  const labels = [{ name: 'good' }, { name: 'bad' }];
  const parsed = parseOrExplain(Task, { name: 'tone', kind: 'text-classification', labels, teachers, votes });
  return parsed.ok ? '' : parsed.problems;
}

describe('Votes of several teachers', () => {
  it('may be asked of all texts, or where others disagree', () => {
    expect(problems({ plan: [first, dear] })).toBe('');
    expect(problems({ plan: [first, { ...dear, when: 'always' }], aggregation: 'dawid-skene' })).toBe('');
  });

  it.each([
    [
      'a teacher that there is not',
      { plan: [{ ...dear, when: 'always', teacher: 'deer' }] },
      'votes.plan.0.teacher: there is no teacher "deer"; did you mean "dear"?',
    ],
    [
      'nothing before a disagreement',
      { plan: [dear] },
      'votes.plan.0.when: there are no votes before it; the first votes are for "always"',
    ],
    [
      'votes for all after votes for some',
      { plan: [first, dear, first] },
      'votes.plan.2.when: votes that every text gets come before those that some get',
    ],
    [
      'a teacher that nobody asks',
      { plan: [first] },
      'teachers.dear: no entry of votes.plan asks it; add one with its name, or leave it out',
    ],
    [
      'weights from hard texts alone',
      { plan: [first, dear], aggregation: 'weighted' },
      'votes.aggregation: "weighted" needs every vote of every text',
    ],
    [
      'weights without every vote',
      { plan: [first, { ...dear, when: 'always' }], aggregation: 'weighted', stop: 'majority' },
      'votes.stop: votes.aggregation "weighted" needs every vote: use "all"',
    ],
  ])('are refused with %s', (_what, votes, problem) => {
    expect(problems(votes)).toContain(problem);
  });

  it("keep the name of the task's own teacher for it", () => {
    expect(problems({ plan: [first] }, { teacher: { model: 'a/b' } })).toContain(
      '"teacher" is the task\'s own teacher',
    );
  });
});
