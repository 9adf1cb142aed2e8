/** What a label counts for in training. */
import { weightOf } from '../../src/activities/distill.js';
import { TrainingExample } from '../../src/contracts/index.js';

describe('weightOf', () => {
  it('is the share of agreeing votes of a teacher, and 1 for what people decided', () => {
    expect(weightOf({ agreement: 2 / 3, source: 'teacher' })).toBe(2 / 3);
    expect(weightOf({ agreement: 1 / 3, source: 'person' })).toBe(1);
    expect(weightOf({ agreement: null, source: 'teacher' })).toBe(1);
  });

  it('is one that training takes, for a label that no vote was for, too, as weighed votes may give it', () => {
    const weight = weightOf({ agreement: 0, source: 'teacher' });
    expect(TrainingExample.parse({ text: 'x', target: [1, 0], validation: false, weight })).toMatchObject({
      weight: 0,
    });
  });
});
