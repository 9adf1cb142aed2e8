/** Rows of the corpus or of the gold rows, file by file, checked one by one against the task. */
import { CorpusInput, type GoldInput, nearest, type Task } from '../contracts/index.js';
import { CorpusError, shortly } from './corpus-error.js';
import { requireColumn } from './file-format.js';
import { type FoundFile, placeOf, shownPaths } from './find-files.js';
import { labelMatcher } from './label-match.js';
import { type Row, readColumns, readRows } from './read-rows.js';
import { compileTemplate, type Template } from './template.js';
import { idOfKey, textKey } from './text-key.js';

/** Which of the two inputs a row stands in; also the setting's name. */
export type InputName = 'corpus' | 'gold';

export interface UsableRow {
  file: InputName;
  /** Index of its file among those of the input. */
  part: number;
  line: number;
  id: string;
  key: string;
  text: string;
  /** Experts' label; null: the row has none. */
  label: string | null;
  /** Value of the column that the sample is stratified by; '' without. */
  stratum: string;
}

export interface RefusedRow {
  file: InputName;
  part: number;
  /** Name of its file. */
  path: string;
  line: number;
  id: string | null;
  problem: string;
}

export interface InputSource {
  name: InputName;
  input: CorpusInput | GoldInput;
  /** In the order of reading. */
  files: readonly FoundFile[];
  /** Column of experts' labels; null: no row has one. */
  labelColumn: string | null;
  stratifyBy: string | null;
}

export type CheckedRow = { usable: UsableRow } | { refused: RefusedRow };

/** Rows of one input in its order. Throws CorpusError where a column is missing, and on a label that the task does not
 *  know. */
export async function* readInput(source: InputSource, task: Task, signal?: AbortSignal): AsyncGenerator<CheckedRow> {
  const { textColumn, idColumn } = source.input;
  const template = compileTemplate(task.text, textColumn);
  refuseUnusedText(source, template, task);
  const wanted = [...template.columns, idColumn, source.labelColumn, source.stratifyBy];
  const columns = wanted.filter((column) => column !== null);
  const withIds = new Map<boolean, string>();
  for (const [part, file] of source.files.entries()) {
    const place = await file.open();
    const options = { field: `${source.name}.path`, shown: file.address, columns, signal };
    const found = await readColumns(place, options);
    if (found !== null) {
      checkColumns(source, file, template, found);
      requireIds(source, file, found);
      withIds.set(found.includes(idColumn), file.name);
      if (withIds.size > 1) throw idsInSome(source, file, withIds);
    }
    yield* checkRows(readRows(place, options), { source, part, file }, template, task);
  }
}

function checkColumns(
  { name, input, labelColumn, stratifyBy }: InputSource,
  { address: path }: FoundFile,
  template: Template,
  found: string[],
): void {
  const { textColumn } = input;
  for (const column of template.columns) {
    const isText = column === textColumn;
    requireColumn(column, found, {
      field: isText ? `${name}.textColumn` : 'task.text',
      path,
      mend: isText
        ? 'Name the column that {text} stands for (--text-column)'
        : "Use these columns in the task's template",
    });
  }
  // A corpus may have labels; a gold file must.
  if (name === 'gold' && labelColumn !== null) requireColumn(labelColumn, found, { field: 'gold.labelColumn', path });
  if (stratifyBy !== null) requireColumn(stratifyBy, found, { field: 'corpus.sample.stratifyBy', path });
}

/** A column of ids that somebody named must be there; the usual one may be missing. Not so in gold files, which the command
 *  line gives the corpus's name of it. */
function requireIds({ input, name }: InputSource, { address: path }: FoundFile, found: readonly string[]): void {
  if (name !== 'corpus' || input.idColumn === usualColumn('idColumn')) return;
  requireColumn(input.idColumn, found, { field: 'corpus.idColumn', path });
}

/** A column of texts that somebody named, and that nothing would be read from. */
function refuseUnusedText({ name, input }: InputSource, { columns }: Template, task: Task): void {
  const { textColumn } = input;
  if (textColumn === usualColumn('textColumn') || columns.includes(textColumn)) return;
  throw new CorpusError({
    field: `${name}.textColumn`,
    path: shownPaths(input.path),
    problem: `"${textColumn}" is named as the column of the texts, but the task's template does not read it: "${task.text}"`,
    mend: `Name one of ${columns.join(', ')}, or leave it out`,
  });
}

/** The name of a column that nobody named. */
export function usualColumn(key: 'textColumn' | 'idColumn' | 'labelColumn'): string | null {
  return CorpusInput.shape[key].parse(undefined);
}

/** Half the rows with ids of their own and half with hashes would be found only when the labels are joined again. */
function idsInSome(
  { name, input }: InputSource,
  { address }: FoundFile,
  withIds: ReadonlyMap<boolean, string>,
): CorpusError {
  return new CorpusError({
    field: `${name}.idColumn`,
    path: address,
    problem: `the column "${input.idColumn}" stands in ${withIds.get(true)} and not in ${withIds.get(false)}`,
    mend: 'Give all files the column, or none of them: then ids are content hashes',
  });
}

/** A file of an input. */
interface Part {
  source: InputSource;
  part: number;
  file: FoundFile;
}

async function* checkRows(
  rows: AsyncIterable<Row>,
  { source, part, file: { name: path, address } }: Part,
  template: Template,
  task: Task,
): AsyncGenerator<CheckedRow> {
  const match = labelMatcher(task.labels);
  const { name: file, labelColumn, stratifyBy } = source;
  for await (const row of rows) {
    const { line } = row;
    if ('problem' in row) {
      yield { refused: { file, part, path, line, id: null, problem: row.problem } };
      continue;
    }
    const id = givenId(row.values[source.input.idColumn]);
    const refuse = (problem: string): CheckedRow => ({ refused: { file, part, path, line, id: id ?? null, problem } });
    const rendered = template.render(row.values);
    const value = labelColumn === null ? undefined : row.values[labelColumn];
    if (id === undefined) yield refuse('its id is neither a string nor a number');
    else if ('problem' in rendered) yield refuse(rendered.problem);
    else if (rendered.text.length > source.input.maxTextLength) yield refuse(tooLong(rendered.text, source));
    else if (file === 'gold' && isEmpty(value)) yield refuse('it has no label');
    else {
      const { text } = rendered;
      const key = textKey(text);
      const label = isEmpty(value)
        ? null
        : (match(value) ??
          refuseLabel(value, placeOf({ name: path, address }, line, source.files.length === 1), source, task));
      const stratum = stratifyBy === null || isEmpty(row.values[stratifyBy]) ? '' : String(row.values[stratifyBy]);
      yield { usable: { file, part, line, id: id ?? idOfKey(key), key, text, label, stratum } };
    }
  }
}

/** null: the row has no id; undefined: what it has can't be one. */
function givenId(value: unknown): string | null | undefined {
  if (isEmpty(value)) return null;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || Number.isNaN(value) || (typeof value === 'string' && value.trim() === '')
  );
}

function tooLong(text: string, { name, input }: InputSource): string {
  return `its text has ${text.length} code units, more than ${name}.maxTextLength ${input.maxTextLength}`;
}

function refuseLabel(value: unknown, place: string, { name, input, labelColumn }: InputSource, task: Task): never {
  const known = task.labels.map((label) => label.name).join(', ');
  const spellings = task.labels.flatMap(({ aliases, name: label }) => [label, ...aliases]);
  const meant = typeof value === 'string' ? nearest(value, spellings) : null;
  throw new CorpusError({
    field: `${name}.labelColumn`,
    path: shownPaths(input.path),
    problem: `${place} has the label ${shortly(value)} in the column "${labelColumn}", which is none of ${known}${meant === null ? '' : ` (did you mean ${meant}?)`}`,
    mend:
      "Correct it, or add the spelling to the aliases of one of the task's labels" +
      (name === 'corpus' ? ', or set corpus.labelColumn to null to leave the column out' : ''),
  });
}
