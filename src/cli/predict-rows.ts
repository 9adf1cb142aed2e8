/** A student's answers for the rows of files, in this process. */
import type { ClassificationResult } from '../contracts/index.js';
import { openRowWriter, type RowToAnswer, rowsToAnswer } from '../corpus/index.js';
import { answeredRows } from '../deployment/index.js';
import type { Student } from '../students/index.js';

export interface FileToPredict {
  /** As a corpus: a file, a folder, a glob, hf://datasets/... or s3://... */
  readonly input: string;
  /** A file, or s3://BUCKET/KEY. */
  readonly output: string;
  /** For the servers that the files lie on. */
  readonly env: NodeJS.ProcessEnv;
  readonly template: string;
  readonly textColumn: string;
  /** Scores kept in JSONL; null: all. */
  readonly top: number | null;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { done: number; total: number }) => void;
}

export type PredictedFile = Pick<ClassificationResult, 'rows' | 'refused' | 'problems' | 'added'>;

const BATCH_ROWS = 256;
const OPTIONS = { input: '--input', output: '--output', textColumn: '--text-column' } as const;

/** Reads the input twice: for its columns, and a batch at a time for the answers. The output appears when all is done. Throws
 *  CorpusError on a file that can't be used, and the signal's reason. */
export async function predictFile(student: Student, file: FileToPredict): Promise<PredictedFile> {
  const { env, output, signal, top } = file;
  const asked = await rowsToAnswer({ ...file, names: OPTIONS });
  const found = await asked.read().finish();
  const { added, columns } = found.columns();
  const names = Object.values(added).filter((name) => name !== null);
  const writer = await openRowWriter(output, [...columns, ...names], { field: OPTIONS.output, env });
  const reading = asked.read();
  let rows = 0;
  let batch: RowToAnswer[] = [];
  const answerBatch = async () => {
    for (const row of await answeredRows(student, batch, { added, top })) await writer.write(row);
    rows += batch.length;
    batch = [];
    file.onProgress({ done: rows + reading.refused, total: found.total });
  };
  try {
    for await (const row of reading.rows()) {
      batch.push(row);
      if (batch.length >= BATCH_ROWS) await answerBatch();
    }
    await answerBatch();
    signal.throwIfAborted();
    await writer.finish();
  } finally {
    await writer.abort();
  }
  return { rows, refused: reading.refused, problems: reading.problems, added: names };
}
