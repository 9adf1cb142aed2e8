/** The alternative annotator test gives what its authors' function gives (fixtures/alternative-annotator.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alternativeAnnotatorTest } from '../../src/review/alternative-annotator.js';
import { studentT } from '../../src/review/student-t.js';

interface Case {
  readonly teacher: Record<string, string>;
  readonly people: Record<string, Record<string, string>>;
  readonly epsilon: number;
  readonly winningRate: number;
  readonly advantage: number;
  readonly pValues: readonly number[];
}

const oracle = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'alternative-annotator.json'), 'utf8')) as {
  cases: Case[];
  tails: [number, number, number][];
};
const mapped = (labels: Record<string, string>) => new Map(Object.entries(labels));
const judged = ({ epsilon, people, teacher }: Case) =>
  alternativeAnnotatorTest(
    mapped(teacher),
    new Map(Object.entries(people).map(([name, labels]) => [name, mapped(labels)])),
    epsilon,
  );

it.each(oracle.cases.map((each, index) => ({ ...each, index })))(
  "gives the authors' winning rate, advantage and p-values: case $index",
  (each) => {
    const result = judged(each)!;
    expect(result.winningRate).toBeCloseTo(each.winningRate, 12);
    expect(result.advantage).toBeCloseTo(each.advantage, 12);
    expect(result.people).toHaveLength(each.pValues.length);
    for (const [k, { pValue }] of result.people.entries())
      expect(Math.abs(pValue - each.pValues[k]!)).toBeLessThan(1e-9);
  },
);

it('has cases in which the teacher wins against all, against some and against none', () => {
  const rates = oracle.cases.map(({ winningRate }) => winningRate);
  expect([Math.max(...rates), Math.min(...rates)]).toEqual([1, 0]);
  expect(rates.some((rate) => rate > 0 && rate < 1)).toBe(true);
});

it('is not made where fewer than two people labelled thirty of the same texts', () => {
  const labels = new Map(Array.from({ length: 29 }, (_, i) => [`t${i}`, 'a']));
  const people = new Map([
    ['ana', labels],
    ['ben', labels],
  ]);
  expect(alternativeAnnotatorTest(labels, people)).toBeNull();
  expect(alternativeAnnotatorTest(labels, new Map([['ana', labels]]))).toBeNull();
});

it('takes a teacher who always agrees for no worse, and one who never does for worse', () => {
  const texts = (label: string) => new Map(Array.from({ length: 30 }, (_, i) => [`t${i}`, label]));
  const people = new Map([
    ['ana', texts('a')],
    ['ben', texts('a')],
  ]);
  expect(alternativeAnnotatorTest(texts('a'), people)).toMatchObject({ winningRate: 1, advantage: 1 });
  expect(alternativeAnnotatorTest(texts('b'), people)).toMatchObject({ winningRate: 0, advantage: 0 });
});

it.each(oracle.tails)("gives Student's lower tail at t = %d with %d degrees of freedom", (t, freedom, tail) => {
  expect(Math.abs(studentT(t, freedom) - tail)).toBeLessThan(1e-12);
});
