/** What an audit teaches about soft labels, and which way to weigh votes gold rows choose. */
import { SoftLabels } from '../../src/activities/soft-labels.js';
import type { LabelRow } from '../../src/contracts/index.js';

const LABELS = ['a', 'b', 'c'];

function row(index: number, agreeing: number): LabelRow {
  const vote = (k: number) => ({
    prompt: 'reasoned' as const,
    sample: k,
    label: k < agreeing ? 'a' : 'b',
    reason: null,
    unreadable: null,
  });
  return {
    key: `k${index}`,
    id: `id${index}`,
    text: 'x',
    line: index + 1,
    label: 'a',
    distribution: agreeing === 3 ? { a: 1 } : { a: agreeing / 3, b: 1 - agreeing / 3 },
    agreement: agreeing / 3,
    reason: null,
    votes: [0, 1, 2].map(vote),
    source: 'teacher',
    correctedBy: null,
    teacherLabel: 'a',
    gold: null,
    gateGold: false,
    set: 'corpus',
  };
}

async function* each<Value>(values: readonly Value[]): AsyncGenerator<Value> {
  yield* values;
}

/** 90 unanimous labels of which 9 are wrong, 30 of two votes of which 12 are; people decided on all in this part of the review. */
async function learnt(purpose: 'audit' | 'fix'): Promise<SoftLabels> {
  const rows = Array.from({ length: 120 }, (_, index) => row(index, index < 90 ? 3 : 2));
  const isWrong = (index: number) => (index < 90 ? index < 9 : index < 102);
  const corrections = new Map(rows.map(({ id }, index) => [id, isWrong(index) ? 'b' : 'a']));
  return SoftLabels.learn(each(rows), corrections, { audited: () => purpose === 'audit' });
}

describe('soft labels', () => {
  it('become what the audit shows: nine of ten for unanimous votes, six of ten for two of three', async () => {
    const soft = await learnt('audit');
    const unanimous = soft.of(row(500, 3), LABELS).distribution;
    expect(unanimous.a).toBeCloseTo(0.9, 1);
    expect(unanimous.b).toBeCloseTo((1 - unanimous.a!) / 2, 12);
    const divided = soft.of(row(501, 2), LABELS).distribution;
    expect(divided.a).toBeCloseTo(0.6, 1);
    expect(divided).toEqual({ a: divided.a, b: expect.closeTo(1 - divided.a!, 12) });
    expect(soft.inWords(3)).toMatch(/120 labels of the audit.*3 of 3 votes: 8\d\.\d %, 2 of 3 votes: 6\d\.\d %/);
  });

  it('stay shares of the votes where only the fix queue was decided: it was picked for its errors', async () => {
    const soft = await learnt('fix');
    expect(soft.of(row(500, 2), LABELS)).toEqual(row(500, 2));
    expect(soft.inWords(3)).toMatch(/the 0 labels of the audit, 0 of them wrong, are too few/);
  });

  it("leave people's labels and texts without a label alone", async () => {
    const soft = await learnt('audit');
    for (const other of [
      { ...row(1, 3), source: 'person' as const },
      { ...row(1, 3), label: null },
    ])
      expect(soft.of(other, LABELS)).toEqual(other);
  });
});
