/** How the votes of a run become labels: when they are weighed, and what is read for it. */
import type { AnsweredText } from '../../src/activities/answered-texts.js';
import { weighVotes } from '../../src/activities/weigh-votes.js';
import { Task } from '../../src/contracts/index.js';

const LABELS = ['calm', 'loud'];

function task(votes: object, goldShareForGate: number): Task {
  const labels = LABELS.map((name) => ({ name }));
  const dear = Object.values(votes).length > 0 && 'plan' in votes ? { teachers: { dear: { model: 'a/b' } } } : {};
  return Task.parse({
    ...{ name: 'tone', kind: 'text-classification', labels, ...dear },
    votes: { plan: [{ prompt: 'reasoned', samples: 4 }], ...votes },
    evaluation: { goldShareForGate },
  });
}

/** Sixty texts: the first two samples err together on every third, the other two never, so that their votes draw there. gold: texts
 *  whose label is known, and set apart for the gate. */
function texts(gold: number) {
  let passes = 0;
  const read = async function* (): AsyncGenerator<AnsweredText> {
    passes++;
    for (let text = 0; text < 60; text++) {
      const truth = text % 2;
      const first = text % 3 === 0 ? 1 - truth : truth;
      const replies = [first, text % 5 === 0 ? truth : first, truth, truth].map((label, sample) => ({
        prompt: 'reasoned',
        sample,
        vote: { label: LABELS[label], reason: null, unreadable: null },
      }));
      const row = { key: String(text), gold: text < gold ? LABELS[truth] : null, gateGold: text < gold };
      yield { row, taken: { replies } } as unknown as AnsweredText;
    }
  };
  return { read, passes: () => passes };
}

describe('Votes', () => {
  it('count alike, and are read no second time, where no gold rows are set apart', async () => {
    const { passes, read } = texts(20);
    expect(await weighVotes(read, task({}, 0), 20)).toEqual({ weighing: null, weights: null });
    expect(await weighVotes(read, task({ aggregation: 'majority' }, 0.5), 20)).toEqual({
      weighing: null,
      weights: null,
    });
    const single = task({ plan: [{ prompt: 'reasoned' }, { prompt: 'direct', teacher: 'dear', when: 'tie' }] }, 0);
    expect(await weighVotes(read, single, 20)).toEqual({ weighing: null, weights: null });
    expect(passes()).toBe(0);
  });

  it.each([
    ['no gold rows', {}, 0],
    ['not every vote', { stop: 'majority' }, 20],
    [
      'not every vote',
      {
        plan: [
          { prompt: 'reasoned', samples: 2 },
          { prompt: 'direct', teacher: 'dear', when: 'disagreement' },
        ],
      },
      20,
    ],
    ['unreadable votes', { unreadable: 'abstain' }, 20],
  ])('count alike, with the reason, where gold rows can not choose: %s', async (why, votes, gold) => {
    const { passes, read } = texts(gold);
    const weighed = await weighVotes(read, task(votes, 0.5), gold);
    expect(weighed).toEqual({ weighing: { method: 'majority', why, gold: null }, weights: null });
    expect(passes()).toBe(0);
  });

  it('say so where too few gold rows are given to set one apart', async () => {
    const { weighing } = await weighVotes(texts(0).read, task({}, 0.1), 3);
    expect(weighing).toEqual({ method: 'majority', why: 'no gold rows', gold: null });
  });

  it('are weighed by what is right most often on the gold rows that are set apart', async () => {
    const { read } = texts(20);
    const { weighing, weights } = await weighVotes(read, task({}, 0.5), 20);
    expect(weighing?.why).toBe('gold rows');
    // Of texts 0, 3, 6 ... 18 the votes draw but where the second sample is right, too: 0 and 15.
    expect(weighing?.gold).toMatchObject({ rows: 20, right: [{ method: 'majority', texts: 15 }, {}, {}] });
    expect(weighing?.method).not.toBe('majority');
    expect(weights?.quality[3]).toBeGreaterThan(weights?.quality[0] as number);
    const [text] = [(await read().next()).value as AnsweredText];
    expect(weights?.posteriorOf(text.taken.replies)[0]).toBeGreaterThan(0.5);
  });

  it('are weighed as the task says, whatever gold rows there are', async () => {
    const { weighing, weights } = await weighVotes(texts(20).read, task({ aggregation: 'weighted' }, 0.5), 20);
    expect(weighing).toEqual({ method: 'weighted', why: 'task', gold: null });
    expect(weights).not.toBeNull();
  });
});
