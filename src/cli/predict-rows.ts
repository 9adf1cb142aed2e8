/** A student's answers for texts and for the rows of a file. */
import { extname } from 'node:path';
import {
  CorpusError,
  compileTemplate,
  type FoundFile,
  findFiles,
  openRowWriter,
  type Row,
  readColumns,
  readRows,
  type Template,
} from '../corpus/index.js';
import { type ScoredLabel, scoredLabels } from '../deployment/index.js';
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

export interface PredictedFile {
  /** Rows with an answer, all of them in the output. */
  readonly rows: number;
  /** Rows without one; they are not in the output. */
  readonly refused: number;
  /** The first refused rows, without their texts. */
  readonly problems: readonly RefusedRow[];
  /** The columns that were added. */
  readonly added: readonly string[];
}

export interface RefusedRow {
  /** Of several, the name of the row's. */
  readonly file?: string;
  readonly line: number;
  readonly problem: string;
}

interface AddedColumns {
  readonly label: string;
  readonly score: string;
  /** All scores as an object; null where the format has no place for objects. */
  readonly scores: string | null;
}

const BATCH_ROWS = 256;
const MOST_PROBLEMS = 5;

/** Labels of each text with their scores, best first; top: at most so many. */
export async function predictTexts(
  student: Student,
  texts: readonly string[],
  top: number | null,
): Promise<ScoredLabel[][]> {
  if (texts.length === 0) return [];
  const answers = await student.predict(texts);
  return answers.map((scores) => scoredLabels(student.labels, scores, top));
}

/** Reads the input twice: for its columns, and a batch at a time for the answers. The output appears when all is done. Throws
 *  CorpusError on a file that can't be used, and the signal's reason. */
export async function predictFile(student: Student, file: FileToPredict): Promise<PredictedFile> {
  const { env, output, signal } = file;
  const template = compileTemplate(file.template, file.textColumn);
  const { files } = await findFiles(file.input, { field: '--input', env });
  const { columns, total } = await inspect(file, files, template);
  const added = nameAdded(columns, file);
  const names = Object.values(added).filter((name) => name !== null);
  const writer = await openRowWriter(output, [...columns, ...names], { field: '--output', env });
  const problems: RefusedRow[] = [];
  let rows = 0;
  let refused = 0;
  let batch: { text: string; values: Record<string, unknown> }[] = [];
  const answerBatch = async () => {
    const texts = batch.map(({ text }) => text);
    const answers = await predictTexts(student, texts, file.top);
    for (const [index, { values }] of batch.entries())
      await writer.write({ ...values, ...cellsOf(answers[index]!, added) });
    rows += batch.length;
    batch = [];
    file.onProgress({ done: rows + refused, total });
  };
  try {
    for await (const { name, row } of rowsOf(files, signal)) {
      const rendered = 'values' in row ? template.render(row.values) : row;
      if ('text' in rendered && 'values' in row) {
        batch.push({ text: rendered.text, values: row.values });
      } else if ('problem' in rendered) {
        refused++;
        const where = files.length === 1 ? {} : { file: name };
        if (problems.length < MOST_PROBLEMS) problems.push({ ...where, line: row.line, problem: rendered.problem });
      }
      if (batch.length >= BATCH_ROWS) await answerBatch();
    }
    await answerBatch();
    signal.throwIfAborted();
    await writer.finish();
  } finally {
    await writer.abort();
  }
  return { rows, refused, problems, added: names };
}

/** Of all files, one after another. */
async function* rowsOf(files: readonly FoundFile[], signal: AbortSignal): AsyncGenerator<{ name: string; row: Row }> {
  for (const { address, name, open } of files) {
    for await (const row of readRows(await open(), { field: '--input', shown: address, signal })) yield { name, row };
  }
}

/** Every column that any row has (JSONL rows may differ), and the number of rows. */
async function inspect(
  { input, signal }: FileToPredict,
  files: readonly FoundFile[],
  template: Template,
): Promise<{ columns: string[]; total: number }> {
  const columns = new Set<string>();
  for (const { address, open } of files) {
    const found = await readColumns(await open(), { field: '--input', shown: address, signal });
    for (const column of found ?? []) columns.add(column);
  }
  let total = 0;
  for await (const { row } of rowsOf(files, signal)) {
    total++;
    if ('values' in row) for (const column of Object.keys(row.values)) columns.add(column);
  }
  const missing = template.columns.find((column) => !columns.has(column));
  if (missing === undefined) return { columns: [...columns], total };
  throw new CorpusError({
    field: '--input',
    path: input,
    problem: `there is no column "${missing}"; the columns are: ${[...columns].join(', ')}`,
    mend: 'Name the column of the texts with --text-column',
  });
}

/** Columns of the input are never overwritten: a label that is there already may be an expert's. */
function nameAdded(columns: readonly string[], { input, output }: FileToPredict): AddedColumns {
  const objects = ['.jsonl', '.ndjson'].includes(extname(output).toLowerCase());
  for (const prefix of ['', 'predicted_']) {
    const names = { label: `${prefix}label`, score: `${prefix}score`, scores: objects ? `${prefix}scores` : null };
    if (!Object.values(names).some((name) => name !== null && columns.includes(name))) return names;
  }
  throw new CorpusError({
    field: '--input',
    path: input,
    problem:
      'it has columns both of the names label, score, scores and of predicted_label, predicted_score, predicted_scores',
    mend: 'Rename them, so that no column has to be overwritten',
  });
}

function cellsOf(answer: readonly ScoredLabel[], added: AddedColumns): Record<string, unknown> {
  const [best] = answer;
  const cells: Record<string, unknown> = { [added.label]: best?.label, [added.score]: best?.score };
  if (added.scores !== null) cells[added.scores] = Object.fromEntries(answer.map(({ label, score }) => [label, score]));
  return cells;
}
