/** What a label counts for in training. */
import { weightOf } from '../../src/activities/distill.js';

describe('weightOf', () => {
  it('is the share of agreeing votes of a teacher, and 1 for what people decided', () => {
    expect(weightOf({ agreement: 2 / 3, source: 'teacher' })).toBe(2 / 3);
    expect(weightOf({ agreement: 1 / 3, source: 'person' })).toBe(1);
    expect(weightOf({ agreement: null, source: 'teacher' })).toBe(1);
  });
});
