import type { LabelRow } from '../../src/contracts/index.js';

/** A text of the corpus with the teacher's label, on which its votes agreed; null: they decided nothing. */
export function labelRow(
  label: string | null,
  changes: Pick<LabelRow, 'key' | 'id' | 'text' | 'line'> & Partial<LabelRow>,
): LabelRow {
  return {
    label,
    distribution: label === null ? {} : { [label]: 1 },
    agreement: label === null ? null : 1,
    reason: null,
    votes: [],
    source: 'teacher',
    correctedBy: null,
    teacherLabel: label,
    gold: null,
    gateGold: false,
    set: 'corpus',
    ...changes,
  };
}
