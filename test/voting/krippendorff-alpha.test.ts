import { createAlpha, krippendorffAlpha } from '../../src/voting/index.js';
import oracle from './fixtures/alpha.json' with { type: 'json' };

describe('krippendorffAlpha', () => {
  it.each(oracle.cases)('equals the reference package: $name', ({ units, alpha }) => {
    expect(Math.abs((krippendorffAlpha(units) ?? Number.NaN) - alpha)).toBeLessThan(1e-9);
  });

  it('is 0.743 for the example that Krippendorff published in 2011', () => {
    expect(krippendorffAlpha(oracle.cases[0]?.units ?? [])).toBeCloseTo(0.743, 3);
  });

  it('is worked out by hand for [a a], [a b]: one minus 3 times 2 over 6', () => {
    // Margins a 3, b 1; one pair in each order disagrees: 1 - (4 - 1) * 2 / (3 * 1 + 1 * 3) = 0.
    expect(
      krippendorffAlpha([
        ['a', 'a'],
        ['a', 'b'],
      ]),
    ).toBe(0);
  });

  it.each([
    ['no texts', []],
    [
      'one readable vote a text',
      [
        ['a', null],
        [null, 'b'],
      ],
    ],
    [
      'one label only',
      [
        ['a', 'a'],
        ['a', 'a', 'a'],
      ],
    ],
  ])('is not defined for %s', (_name, units) => {
    expect(krippendorffAlpha(units)).toBeNull();
  });
});

describe('createAlpha', () => {
  it('gives the alpha of what was added so far, and goes on', () => {
    const alpha = createAlpha(['a', 'b', 'never seen']);
    expect(alpha.value()).toBeNull();
    alpha.add(['a', 'a']);
    alpha.add(['a', 'b']);
    expect(alpha.value()).toBe(0);
    alpha.add(['b', 'b']);
    // Margins 3 and 3: 1 - 5 * 2 / 18.
    expect(alpha.value()).toBeCloseTo(4 / 9, 12);
  });

  it('refuses a label that it was not made for', () => {
    expect(() => createAlpha(['a']).add(['a', 'b'])).toThrow('a vote for "b"');
  });
});
