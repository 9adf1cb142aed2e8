/** Ten gold rows, answered by a teacher, a student and a deployed version: figures that can be counted by hand. */
import type { EvaluatedRows } from '../../src/evaluation/index.js';

const spelledOut = (letters: string) => [...letters].map((letter) => (letter === '-' ? null : letter));

/** Teacher 8 of 10 right with 1 row unanswered, student 7 of 10, champion 5 of 10 with 1 label that is not known. */
export const tenRows: EvaluatedRows = {
  basis: 'gold',
  truth: [...'aaaaabbbbb'],
  teacher: spelledOut('aaaaabbba-'),
  student: spelledOut('aaaabbbaab'),
  champion: { version: 3, predicted: spelledOut('aabbxbbbaa'), learned: new Array<boolean>(10).fill(false) },
  labels: ['a', 'b'],
  confidence: 0.95,
  overlap: { texts: 2 },
  cost: { teacherMicrosPerThousand: 1_234_567, studentTextsPerSecond: 3456.7 },
};
