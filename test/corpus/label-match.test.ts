import { Label } from '../../src/contracts/index.js';
import { matchLabel } from '../../src/corpus/index.js';

const labels = [
  { name: 'Positive', aliases: ['pos', 2] },
  { name: 'Negative', aliases: ['0'] },
].map((label) => Label.parse(label));

it.each([
  ['positive', 'Positive'],
  ['  POS ', 'Positive'],
  [2, 'Positive'],
  [0, 'Negative'],
  ['0', 'Negative'],
])('%j means the label %s', (value, name) => {
  expect(matchLabel(value, labels)).toBe(name);
});

it.each([['neutral'], [1], [''], [null], [undefined], [{ name: 'Positive' }]])('%j means no label', (value) => {
  expect(matchLabel(value, labels)).toBeUndefined();
});
