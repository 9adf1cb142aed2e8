import { AgreementTally, krippendorffAlpha } from '../../src/voting/index.js';
import oracle from './fixtures/alpha.json' with { type: 'json' };

function agreementOf(units: readonly (readonly (string | null)[])[], seed = 1) {
  const labels = [...new Set(units.flat().filter((label) => label !== null))];
  const tally = new AgreementTally(labels);
  for (const votes of units) tally.add(votes);
  return tally.agreement(seed, 0.95, async () => {});
}

const HAND = [
  ['a', 'a', 'b'],
  ['a', 'a', null],
  ['b', 'b', 'b'],
];

describe('AgreementTally', () => {
  it.each(oracle.cases)('has the alpha of the reference package: $name', async ({ units, alpha }) => {
    expect((await agreementOf(units)).alpha).toBeCloseTo(alpha, 9);
  });

  it('counts pairs of votes by hand', async () => {
    const { perPair, raw } = await agreementOf(HAND);
    expect(perPair).toEqual([
      { first: 0, second: 1, share: 1, texts: 3 },
      { first: 0, second: 2, share: 0.5, texts: 2 },
      { first: 1, second: 2, share: 0.5, texts: 2 },
    ]);
    expect(raw).toBeCloseTo(5 / 7, 12);
  });

  it('gives each label the alpha of "this label or another"', async () => {
    const units = oracle.cases.find(({ name }) => name === 'three votes on 200 texts')!.units;
    const { perLabel } = await agreementOf(units);
    const asked = units.map((votes) => votes.map((vote) => (vote === 'b' ? 'yes' : 'no')));
    expect(perLabel.b).toBeCloseTo(krippendorffAlpha(asked)!, 12);
  });

  it('has an interval around alpha that is the same under the same seed, and as wide as sampling makes it', async () => {
    const units = oracle.cases.find(({ name }) => name === 'three votes on 200 texts')!.units;
    const { alpha, alphaInterval } = await agreementOf(units);
    expect((await agreementOf(units)).alphaInterval).toEqual(alphaInterval);
    expect((await agreementOf(units, 2)).alphaInterval).not.toEqual(alphaInterval);
    expect(alphaInterval!.low).toBeLessThan(alpha!);
    expect(alphaInterval!.high).toBeGreaterThan(alpha!);
    // Four times the texts: half the width.
    const four = (await agreementOf([...units, ...units, ...units, ...units])).alphaInterval!;
    const ratio = (alphaInterval!.high - alphaInterval!.low) / (four.high - four.low);
    expect(ratio).toBeGreaterThan(1.7);
    expect(ratio).toBeLessThan(2.3);
  });

  it('is not defined without two readable votes on a text', async () => {
    expect(await agreementOf([['a', null]])).toMatchObject({
      raw: null,
      alpha: null,
      alphaInterval: null,
      perPair: [],
    });
  });
});

it('takes more combinations of votes than a call takes arguments', () => {
  const labels = ['a', 'b', 'c', 'd'];
  const tally = new AgreementTally(labels);
  // All 4^9 votes of nine annotators: any two of them agree on a fourth of the texts.
  for (let number = 0; number < 4 ** 9; number++) {
    tally.add(Array.from({ length: 9 }, (_, annotator) => labels[Math.floor(number / 4 ** annotator) % 4]!));
  }
  expect(tally.raw()).toBeCloseTo(1 / 4, 12);
});
