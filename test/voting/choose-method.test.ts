import { chooseMethod, dawidSkene } from '../../src/voting/index.js';

const LABELS = ['a', 'b', 'c'];
const noPause = async () => {};
const truth = (text: number) => LABELS[text % 3]!;
const other = (text: number) => LABELS[(text + 1) % 3]!;

describe('chooseMethod', () => {
  it('takes the simplest of methods that are right equally often', async () => {
    const votes = Array.from({ length: 60 }, (_, text) => [truth(text), truth(text), truth(text)]);
    const known = [1, 2, 3, 4].map((text) => ({ votes: votes[text]!, label: truth(text) }));
    const { aggregated, method, right } = await chooseMethod({ votes, labels: LABELS }, known, noPause);
    expect(method).toBe('majority');
    expect(right).toEqual([
      { method: 'majority', texts: 4 },
      { method: 'weighted', texts: 4 },
      { method: 'dawid-skene', texts: 4 },
    ]);
    expect(aggregated.posteriors[1]).toEqual([0, 1, 0]);
  });

  it('takes the one that is right most often, with its posteriors and the quality that it gives the votes', async () => {
    // Two annotators that err apart and often, and two that never do: votes draw, quality decides.
    const votes = Array.from({ length: 90 }, (_, text) => [
      text % 2 ? other(text) : truth(text),
      text % 2 ? other(text) : LABELS[(text + 2) % 3]!,
      truth(text),
      truth(text),
    ]);
    const known = votes.map((each, text) => ({ votes: each, label: truth(text) }));
    const table = { votes, labels: LABELS };
    const { aggregated, method, right } = await chooseMethod(table, known, noPause);
    // By hand: votes draw about every second text.
    expect(right[0]).toEqual({ method: 'majority', texts: 45 });
    expect(method).not.toBe('majority');
    expect(right.find((each) => each.method === method)!.texts).toBe(90);
    if (method === 'dawid-skene') expect(aggregated).toEqual(await dawidSkene(table, noPause));
    expect(aggregated.quality[2]).toBeGreaterThan(aggregated.quality[0]!);
  });
});
