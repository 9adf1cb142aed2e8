/** All student kinds by name. */
import { encoder, frozen } from './encoder/encoder.js';
import { linear } from './linear.js';
import type { Student, StudentKind } from './student.js';
import { StudentFolderError } from './student-errors.js';
import { readStudentConfig } from './student-folder.js';

const kinds: readonly StudentKind[] = [linear, frozen, encoder];

/** Throws RangeError for an unknown name. */
export function studentKind(name: string): StudentKind {
  const found = kinds.find(({ kind }) => kind === name);
  if (found === undefined) {
    throw new RangeError(
      `student.kind "${name}" does not exist: use ${kinds.map(({ kind }) => `"${kind}"`).join(', ')}`,
    );
  }
  return found;
}

/** Loads a folder's student, of whatever kind its config.json names. Throws StudentFolderError. */
export async function loadStudent(folder: string): Promise<Student> {
  const { kind } = await readStudentConfig(folder);
  const found = kinds.find((candidate) => candidate.kind === kind);
  if (found === undefined) {
    throw new StudentFolderError(folder, `this version knows no student kind "${kind}" (student_kind in config.json)`);
  }
  return found.load(folder);
}
