/** Rows of the corpus or of the gold file, checked one by one against the task. */
import type { CorpusInput, GoldInput, Task } from '../contracts/index.js';
import { CorpusError, shortly } from './corpus-error.js';
import { requireColumn } from './file-format.js';
import { labelMatcher } from './label-match.js';
import { type Row, readColumns, readRows } from './read-rows.js';
import { compileTemplate, type Template } from './template.js';
import { idOfKey, textKey } from './text-key.js';

/** Which of the two files a row stands in; also the setting's name. */
export type InputName = 'corpus' | 'gold';

export interface UsableRow {
  file: InputName;
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
  line: number;
  id: string | null;
  problem: string;
}

export interface InputSource {
  name: InputName;
  input: CorpusInput | GoldInput;
  /** Column of experts' labels; null: no row has one. */
  labelColumn: string | null;
  stratifyBy: string | null;
}

export type CheckedRow = { usable: UsableRow } | { refused: RefusedRow };

/** Rows of one input in its order. Throws CorpusError where a column is missing, and on a label that the task does not
 *  know. */
export async function* readInput(source: InputSource, task: Task, signal?: AbortSignal): AsyncGenerator<CheckedRow> {
  const { path, textColumn, idColumn } = source.input;
  const template = compileTemplate(task.text, textColumn);
  const field = `${source.name}.path`;
  const found = await readColumns(path, { field, signal });
  if (found !== null) checkColumns(source, template, found);
  const wanted = [...template.columns, idColumn, source.labelColumn, source.stratifyBy];
  const columns = wanted.filter((column) => column !== null);
  yield* checkRows(readRows(path, { field, columns, signal }), source, template, task);
}

function checkColumns(
  { name, input, labelColumn, stratifyBy }: InputSource,
  template: Template,
  found: string[],
): void {
  const { path, textColumn } = input;
  for (const column of template.columns) {
    const isText = column === textColumn;
    requireColumn(column, found, {
      field: isText ? `${name}.textColumn` : 'task.text',
      path,
      mend: isText ? 'Name the column that {text} stands for' : "Use these columns in the task's template",
    });
  }
  // A corpus may have labels; a gold file must.
  if (name === 'gold' && labelColumn !== null) requireColumn(labelColumn, found, { field: 'gold.labelColumn', path });
  if (stratifyBy !== null) requireColumn(stratifyBy, found, { field: 'corpus.sample.stratifyBy', path });
}

async function* checkRows(
  rows: AsyncIterable<Row>,
  source: InputSource,
  template: Template,
  task: Task,
): AsyncGenerator<CheckedRow> {
  const match = labelMatcher(task.labels);
  const { name: file, labelColumn, stratifyBy } = source;
  for await (const row of rows) {
    const { line } = row;
    if ('problem' in row) {
      yield { refused: { file, line, id: null, problem: row.problem } };
      continue;
    }
    const id = givenId(row.values[source.input.idColumn]);
    const refuse = (problem: string): CheckedRow => ({ refused: { file, line, id: id ?? null, problem } });
    const rendered = template.render(row.values);
    const value = labelColumn === null ? undefined : row.values[labelColumn];
    if (id === undefined) yield refuse('its id is neither a string nor a number');
    else if ('problem' in rendered) yield refuse(rendered.problem);
    else if (rendered.text.length > source.input.maxTextLength) yield refuse(tooLong(rendered.text, source));
    else if (file === 'gold' && isEmpty(value)) yield refuse('it has no label');
    else {
      const { text } = rendered;
      const key = textKey(text);
      const label = isEmpty(value) ? null : (match(value) ?? refuseLabel(value, line, source, task));
      const stratum = stratifyBy === null || isEmpty(row.values[stratifyBy]) ? '' : String(row.values[stratifyBy]);
      yield { usable: { file, line, id: id ?? idOfKey(key), key, text, label, stratum } };
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

function refuseLabel(value: unknown, line: number, { name, input, labelColumn }: InputSource, task: Task): never {
  const known = task.labels.map((label) => label.name).join(', ');
  throw new CorpusError({
    field: `${name}.labelColumn`,
    path: input.path,
    problem: `line ${line} has the label ${shortly(value)} in the column "${labelColumn}", which is none of ${known}`,
    mend:
      "Add the spelling to the aliases of one of the task's labels" +
      (name === 'corpus' ? ', or set corpus.labelColumn to null to leave the column out' : ''),
  });
}
