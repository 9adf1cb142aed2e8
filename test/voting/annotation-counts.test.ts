import { AnnotationCounts } from '../../src/contracts/index.js';
import { addCounts, emptyCounts } from '../../src/voting/index.js';

const fields = Object.keys(AnnotationCounts.shape) as (keyof AnnotationCounts)[];
/** Every field with a number of its own. */
const numbered = (factor: number): AnnotationCounts => {
  const numbers = Object.fromEntries(fields.map((field, index) => [field, (index + 1) * factor]));
  const teachers = { dear: { calls: 70 * factor, replies: 71 * factor, spentMicros: 72 * factor } };
  return AnnotationCounts.parse({ ...numbers, teachers });
};

describe('addCounts', () => {
  it('adds every field of the contract', () => {
    expect(addCounts(numbered(1), numbered(100))).toEqual(numbered(101));
  });

  it('changes nothing when empty counts are added', () => {
    expect(AnnotationCounts.parse(emptyCounts())).toEqual(emptyCounts());
    expect(addCounts(numbered(3), emptyCounts())).toEqual(numbered(3));
    expect(addCounts(emptyCounts(), numbered(3))).toEqual(numbered(3));
  });

  it('does not know the spending as soon as one side that sent calls has no price', () => {
    const unpriced = { ...emptyCounts(), calls: 1, spentMicros: null };
    const uncertain = { ...emptyCounts(), uncertain: 1, spentMicros: null };
    for (const side of [unpriced, uncertain]) {
      expect(addCounts(side, numbered(1)).spentMicros).toBeNull();
      expect(addCounts(emptyCounts(), side).spentMicros).toBeNull();
    }
  });

  it('keeps the teachers that one side alone has asked', () => {
    const cheap = { teachers: { cheap: { calls: 1, replies: 1, spentMicros: null } } };
    expect(addCounts({ ...emptyCounts(), ...cheap }, numbered(1)).teachers).toEqual({
      ...cheap.teachers,
      ...numbered(1).teachers,
    });
  });

  it('takes an unknown price as nothing spent where nothing was sent', () => {
    const reusedOnly = { ...emptyCounts(), texts: 5, reused: 15, spentMicros: null };
    expect(addCounts(reusedOnly, { ...emptyCounts(), calls: 2, spentMicros: 700 }).spentMicros).toBe(700);
  });
});
