/** The worked examples of a task: those in the task file, and some of a file of labelled texts. None of them is a gold text:
 *  a teacher that is shown the answer is not measured. */
import {
  counted,
  type ExamplesInput,
  type Manifest,
  type Task,
  TextRow,
  type WorkedExample,
} from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { CorpusError, shortly } from './corpus-error.js';
import { requireColumn } from './file-format.js';
import { findFiles, placeOf, shownPaths } from './find-files.js';
import { labelMatcher } from './label-match.js';
import { type Row, readColumns, readRows } from './read-rows.js';
import { openRedactor } from './redact.js';
import { compileTemplate } from './template.js';
import { textKey } from './text-key.js';

export interface ShownExamples {
  /** The task with the examples that its prompts show, redacted, and none to be read any more. */
  readonly task: Task;
  readonly shown: number;
  /** Left out, because they are gold texts. */
  readonly inGold: number;
}

interface KeyedExample extends WorkedExample {
  readonly key: string;
}

const FIELD = 'examplesFrom';
const NAMED_PROBLEMS = 10;
/** People wrote or picked them. */
const MOST_ROWS = 10_000;

/** chunks: what the run will ask about; null: not known yet, and no gold text is looked for. Throws CorpusError that names up
 *  to ten bad rows of the file. */
export async function showExamples(
  task: Task,
  chunks: { readonly store: Store; readonly manifest: Pick<Manifest, 'chunks'> } | null,
  env: NodeJS.ProcessEnv,
): Promise<ShownExamples> {
  const inTask = task.examples.map((example) => ({ ...example, key: textKey(example.text) }));
  const inFile = task.examplesFrom === null ? [] : await readExamples(task, task.examplesFrom, env);
  const all = new Map([...inFile, ...inTask].map((example) => [example.key, example]));
  const gold = chunks === null ? new Set<string>() : await goldAmong(new Set(all.keys()), chunks);
  const known = new Set(inTask.map(({ key }) => key));
  const usable = inFile.filter(({ key }) => !gold.has(key) && !known.has(key));
  const picked = balanced(usable, task, task.examplesFrom?.count ?? 0);
  const redact = await openRedactor(task.redact);
  const shown = [...inTask.filter(({ key }) => !gold.has(key)), ...picked].map(async ({ label, reason, text }) => ({
    label,
    reason: (await redact(reason)).asked,
    text: (await redact(text)).asked,
  }));
  const examples = await Promise.all(shown);
  return { task: { ...task, examples, examplesFrom: null }, shown: examples.length, inGold: gold.size };
}

async function readExamples(task: Task, input: ExamplesInput, env: NodeJS.ProcessEnv): Promise<KeyedExample[]> {
  const { labelColumn, path, reasonColumn, textColumn } = input;
  const { files } = await findFiles(path, { field: `${FIELD}.path`, env });
  const template = compileTemplate(task.text, textColumn);
  const reader = new ExampleReader(task, input, template);
  for (const file of files) {
    const options = {
      field: `${FIELD}.path`,
      shown: file.address,
      columns: [...template.columns, labelColumn, reasonColumn],
    };
    const place = await file.open();
    const found = await readColumns(place, options);
    if (found !== null) requireColumns(found, file.address, input, template.columns);
    for await (const row of readRows(place, options)) reader.add(row, placeOf(file, row.line, files.length === 1));
  }
  return reader.examples(shownPaths(path));
}

function requireColumns(
  found: readonly string[],
  path: string,
  { labelColumn, textColumn }: ExamplesInput,
  ofTheText: readonly string[],
): void {
  for (const column of ofTheText) {
    const mend =
      column === textColumn
        ? `Name the column that {text} stands for in ${FIELD}.textColumn`
        : "Examples need the columns of the task's template, as the corpus does";
    requireColumn(column, found, { field: FIELD, path, mend });
  }
  requireColumn(labelColumn, found, { field: FIELD, path, mend: `Name the labels' column in ${FIELD}.labelColumn` });
}

class ExampleReader {
  private readonly found = new Map<string, KeyedExample & { readonly place: string }>();
  private readonly problems: string[] = [];
  private readonly match: ReturnType<typeof labelMatcher>;
  private rows = 0;

  constructor(
    private readonly task: Task,
    private readonly input: ExamplesInput,
    private readonly template: ReturnType<typeof compileTemplate>,
  ) {
    this.match = labelMatcher(task.labels);
  }

  add(row: Row, place: string): void {
    if (++this.rows > MOST_ROWS) {
      const problem = `it has more than ${MOST_ROWS} rows`;
      throw new CorpusError({
        field: FIELD,
        path: shownPaths(this.input.path),
        problem,
        mend: 'Give a file of examples, not the corpus',
      });
    }
    const problem = 'problem' in row ? row.problem : this.take(row.values, place);
    if (problem !== null) this.problems.push(`${place}: ${problem}`);
  }

  /** Throws CorpusError where a row can't be used. */
  examples(path: string): KeyedExample[] {
    const { problems, task } = this;
    if (problems.length > 0) {
      const more = problems.length > NAMED_PROBLEMS ? `; and ${problems.length - NAMED_PROBLEMS} more` : '';
      throw new CorpusError({
        field: FIELD,
        path,
        problem: `${problems.length} of ${counted(this.rows, 'row')} can't be used: ${problems.slice(0, NAMED_PROBLEMS).join('; ')}${more}`,
        mend: `Give each example a text and one of the labels ${task.labels.map(({ name }) => name).join(', ')}`,
      });
    }
    return [...this.found.values()];
  }

  /** What is wrong with the row, or null. */
  private take(values: Record<string, unknown>, place: string): string | null {
    const { labelColumn, reasonColumn } = this.input;
    const rendered = this.template.render(values);
    if ('problem' in rendered) return rendered.problem;
    const label = this.match(values[labelColumn]);
    if (label === undefined) return `its label ${shortly(values[labelColumn])} is not one of the task's`;
    const reason = values[reasonColumn] ?? '';
    if (typeof reason !== 'string') return `its column "${reasonColumn}" is no string`;
    const key = textKey(rendered.text);
    const earlier = this.found.get(key);
    if (earlier !== undefined && earlier.label !== label) return `its text has another label at ${earlier.place}`;
    if (earlier === undefined) this.found.set(key, { key, text: rendered.text, label, reason, place });
    return null;
  }
}

async function goldAmong(
  keys: ReadonlySet<string>,
  { manifest, store }: { readonly store: Store; readonly manifest: Pick<Manifest, 'chunks'> },
): Promise<Set<string>> {
  const gold = new Set<string>();
  if (keys.size === 0) return gold;
  for (const chunk of manifest.chunks) {
    for await (const line of store.lines(chunk.file.path)) {
      const row = TextRow.parse(JSON.parse(line));
      if (row.gold !== null && keys.has(row.key)) gold.add(row.key);
    }
  }
  return gold;
}

/** The first of each label in turn, so that all are shown alike, until there are so many; in the order of the file. */
function balanced(examples: readonly KeyedExample[], { labels }: Task, count: number): KeyedExample[] {
  const ofLabels = labels.map(({ name }) => examples.filter(({ label }) => label === name));
  const picked = new Set<KeyedExample>();
  for (let turn = 0; picked.size < Math.min(count, examples.length); turn++) {
    for (const ofLabel of ofLabels) {
      const next = ofLabel[turn];
      if (next !== undefined && picked.size < count) picked.add(next);
    }
  }
  return examples.filter((example) => picked.has(example));
}
