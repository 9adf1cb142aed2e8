import { type Label, PlannedVotes } from '../../src/contracts/index.js';
import { countNearDuplicates, type DoubtFacts, DoubtJudge, NearDuplicates } from '../../src/review/index.js';

const LABELS: Label[] = ['negative', 'neutral', 'positive'].map((name) => ({ name, description: '', aliases: [] }));
const judge = new DoubtJudge(LABELS);

/** "positive: sales rose" is a vote with a reason; null can't be read. */
function facts(votes: (string | null)[], rest: Partial<DoubtFacts> & { label?: string | null } = {}): DoubtFacts {
  const { label = 'positive', ...others } = rest;
  return {
    row: {
      label,
      votes: votes.map((vote, sample) => {
        const [name = null, reason = null] = vote?.split(': ') ?? [];
        const unreadable = vote === null ? ('no-label' as const) : null;
        return { prompt: PlannedVotes.shape.prompt.enum.reasoned, sample, label: name, reason, unreadable };
      }),
    },
    student: null,
    duplicates: { other: 0, same: 0 },
    ...others,
  };
}

const thresholds = [0.6, 0.6, 0.6];
const doubt = (given: DoubtFacts) => judge.judge(given).doubt;

describe('DoubtJudge', () => {
  it('is worked out by hand for three votes of which one disagrees', () => {
    // votes: ln((3 - 2 + 1) / (2 + 0.5)); no student: -2; so -0.37 + 2.22 * ln 0.8 - 0.69 * 2.
    const logit = -0.37 + 2.22 * Math.log(0.8) - 1.38;
    expect(doubt(facts(['positive', 'neutral', 'positive']))).toBeCloseTo(1 / (1 + Math.exp(-logit)), 12);
  });

  it('doubts fewer votes for the same label more: a text whose voting stopped early', () => {
    const all = doubt(facts(['positive', 'positive', 'positive']));
    const stopped = doubt(facts(['positive', 'positive']));
    const oneAgainst = doubt(facts(['positive', 'positive', 'neutral']));
    expect(all).toBeLessThan(stopped);
    expect(stopped).toBeLessThan(oneAgainst);
  });

  it('doubts most what has no label', () => {
    expect(judge.judge(facts(['positive', 'neutral'], { label: null }))).toEqual({
      doubt: 1,
      why: ['the votes decided nothing'],
    });
  });

  it('says in words what speaks against a label', () => {
    const { why } = judge.judge(
      facts(['positive: neutral news', 'positive: a positive sign', 'neutral: no change', null], {
        student: { probabilities: [0.1, 0.7, 0.2], thresholds },
        duplicates: { other: 2, same: 1 },
      }),
    );
    expect(why).toEqual([
      'of 3 votes 1 says neutral',
      "1 of the votes can't be read",
      'a student that had not seen the label says neutral (70 %)',
      'the reasons of 1 of the 2 votes for it name other labels only',
      '2 texts with the same words have another label',
    ]);
    expect(judge.judge(facts(['positive', 'positive'])).why).toEqual(['nothing speaks against it']);
  });

  it.each([
    ['a student against it', { student: { probabilities: [0.05, 0.9, 0.05], thresholds } }],
    ['texts with the same words and another label', { duplicates: { other: 3, same: 0 } }],
  ])('doubts more for %s', (_name, against) => {
    const sure = facts(['positive', 'positive'], { student: { probabilities: [0.05, 0.05, 0.9], thresholds } });
    expect(doubt({ ...sure, ...against })).toBeGreaterThan(doubt(sure));
  });

  it('doubts more for a reason that names another label only, whole words alone', () => {
    const sure = doubt(facts(['positive: good', 'positive: good']));
    expect(doubt(facts(['positive: this is NEGATIVE', 'positive: good']))).toBeGreaterThan(sure);
    expect(doubt(facts(['positive: negatively', 'positive: good']))).toBe(sure);
    expect(doubt(facts(['positive: negative before, positive now', 'positive: good']))).toBe(sure);
  });
});

it('countNearDuplicates counts the texts that have one among others, each once however many', async () => {
  const texts = ['Sales rose 5 % in May.', 'Sales fell.', 'sales rose in May ', '5 %'];
  async function* others() {
    for (const text of ['In May, sales rose', 'SALES ROSE in May', 'Sales were flat', '6 %']) yield { text };
  }
  expect(await countNearDuplicates(texts, others())).toBe(2);
});

describe('NearDuplicates', () => {
  it('sees through numbers, case, punctuation and the order of words', () => {
    const duplicates = new NearDuplicates();
    duplicates.add('Sales rose 5 % in May.', 'positive');
    duplicates.add('In May, sales rose 12.5 %', 'neutral');
    duplicates.add('sales ROSE in may', 'positive');
    duplicates.add('Sales fell in May', 'negative');
    expect(duplicates.of('Sales rose 5 % in May.', 'positive')).toEqual({ other: 1, same: 1 });
    expect(duplicates.of('Sales fell in May', 'negative')).toEqual({ other: 0, same: 0 });
  });

  it('takes a text without letters as it is', () => {
    const duplicates = new NearDuplicates();
    duplicates.add('5 %', 'a');
    duplicates.add('6 %', 'b');
    expect(duplicates.of('5 %', 'a')).toEqual({ other: 0, same: 0 });
  });
});
