import { dawidSkene, majority, VoteCombinations, type VoteTable, weightedMajority } from '../../src/voting/index.js';
import oracle from './fixtures/aggregation.json' with { type: 'json' };

const noPause = async () => {};

function largestDifference(ours: readonly (readonly number[])[], theirs: readonly (readonly number[])[]): number {
  return Math.max(...ours.flatMap((row, text) => row.map((share, label) => Math.abs(share - theirs[text]![label]!))));
}

describe.each(oracle.cases)('with $name', (example) => {
  const { labels, votes } = example;

  it('weightedMajority equals Wawa of crowd-kit', () => {
    const { posteriors, quality } = weightedMajority({ votes, labels });
    expect(largestDifference([quality as number[]], [example.wawa.quality])).toBeLessThan(1e-6);
    expect(largestDifference(posteriors, example.wawa.posteriors)).toBeLessThan(1e-6);
  });

  it('dawidSkene equals that of crowd-kit', async () => {
    const { posteriors, quality } = await dawidSkene({ votes, labels }, noPause);
    expect(largestDifference(posteriors, example.dawidSkene.posteriors)).toBeLessThan(1e-6);
    expect(largestDifference([quality as number[]], [example.dawidSkene.quality])).toBeLessThan(1e-6);
  });

  it.each([
    ['majority', majority],
    ['weightedMajority', weightedMajority],
    ['dawidSkene', (table: VoteTable) => dawidSkene(table, noPause)],
  ])('texts with the same votes may stand as one for %s', async (_name, aggregate) => {
    const combinations = new VoteCombinations();
    const ofText = votes.map((each) => combinations.add(each));
    const { all } = combinations;
    expect(all.length).toBeLessThan(votes.length);
    const table = { votes: all.map((each) => each.votes), times: all.map(({ times }) => times), labels };
    const [alone, together] = [await aggregate({ votes, labels }), await aggregate(table)];
    const posteriors = ofText.map((combination) => together.posteriors[all.indexOf(combination)]!);
    expect(largestDifference(posteriors, alone.posteriors)).toBeLessThan(1e-9);
    expect(largestDifference([together.quality as number[]], [alone.quality as number[]])).toBeLessThan(1e-9);
  });
});

describe('majority', () => {
  it('gives shares of the readable votes, and zeros without one', () => {
    const votes = [
      ['a', 'a', 'b'],
      ['b', null, null],
      [null, null, null],
    ];
    const { posteriors, quality } = majority({ votes, labels: ['a', 'b'] });
    expect(posteriors).toEqual([
      [2 / 3, 1 / 3],
      [0, 1],
      [0, 0],
    ]);
    expect(quality).toEqual([1, 1, 0]);
  });

  it('refuses a vote that is no label', () => {
    expect(() => majority({ votes: [['x']], labels: ['a'] })).toThrow('a vote for "x"');
  });
});

describe('dawidSkene', () => {
  it('trusts the annotators that agree with one another, and tells the one that guesses', async () => {
    const votes = Array.from({ length: 40 }, (_, text) => {
      const truth = text % 2 === 0 ? 'a' : 'b';
      return [truth, truth, text % 4 < 2 ? 'a' : 'b'];
    });
    const { quality } = await dawidSkene({ votes, labels: ['a', 'b'] }, noPause);
    expect(quality[0]).toBeCloseTo(1, 3);
    expect(quality[2]).toBeCloseTo(0.5, 2);
  });
});
