/** The one error of this folder: the user's file or its settings can't be used as they are. */
import { FailureType } from '../contracts/index.js';

export interface CorpusErrorDetails {
  /** Setting that is meant, as users write it: corpus.path, gold.labelColumn, task.text. */
  field: string;
  /** The file on the worker's disk; null where no file is meant. */
  path: string | null;
  /** What is wrong, with line numbers and short values, never a whole text. */
  problem: string;
  /** What would do instead. */
  mend: string;
}

export class CorpusError extends Error {
  override readonly name = 'CorpusError';
  readonly type = FailureType.InvalidInput;
  readonly field: string;
  readonly path: string | null;
  readonly mend: string;

  constructor({ field, path, problem, mend }: CorpusErrorDetails, options?: ErrorOptions) {
    super(harmless(`${field}${path === null ? '' : ` (${path})`}: ${problem}. ${mend}.`), options);
    this.field = field;
    this.path = path;
    this.mend = mend;
  }
}

/** Names of files and columns are told as they are, and whoever made them may have meant to write on the reader's terminal: control
 *  characters, and those that turn the direction of writing, are shown as one sign. */
function harmless(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return message.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** A value as messages show it: quoted, at most 40 characters of it. */
export function shortly(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
