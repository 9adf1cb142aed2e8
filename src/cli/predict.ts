/** tutelage predict: what a deployed student says of texts. */
import type { Command } from 'commander';
import pc from 'picocolors';
import { type ClassificationResult, counted, type ModelVersion } from '../contracts/index.js';
import { compileTemplate, readLines, type Template } from '../corpus/index.js';
import { fetchModel, modelCache, predictTexts, versionToAnswer } from '../deployment/index.js';
import type { Store } from '../store/index.js';
import { type Student, studentKind } from '../students/index.js';
import type { ServerFlags } from '../temporal/index.js';
import { withServerOptions } from './command-options.js';
import { openExistingStore, STORE_OPTION } from './existing-store.js';
import { repeated, wholeNumber } from './option-values.js';
import { predictFile } from './predict-rows.js';
import { ProgressLine } from './progress-line.js';
import { untilInterrupted } from './run-end.js';

interface Flags extends ServerFlags {
  readonly task: string;
  readonly text: string[];
  readonly input?: string;
  readonly output?: string;
  readonly store?: string;
  readonly version?: number;
  readonly textColumn: string;
  readonly top?: number;
  readonly json?: true;
  readonly durable?: true;
}

interface Loaded {
  readonly model: ModelVersion;
  readonly student: Student;
}

/** Exit code of programs that Ctrl-C ended. */
const INTERRUPTED = 130;

export function registerPredict(program: Command): void {
  const command = program
    .command('predict')
    .description('classify texts with the deployed student: JSON for --text and for lines on stdin, rows for --input')
    .requiredOption('--task <name>', 'the task whose student answers')
    .addOption(repeated('--text <text>', 'a text; may be given several times'))
    .option(
      '--input <path>',
      'rows, from where a corpus may come: JSONL, CSV, TSV or Parquet; files, folders, hf://, s3://',
    )
    .option(
      '--output <file>',
      'the same rows with label and score, a file or s3://BUCKET/KEY: JSONL (with all scores), CSV, TSV or Parquet',
    )
    .option(...STORE_OPTION)
    .option('--version <n>', 'this version instead of the deployed one', wholeNumber)
    .option('--text-column <name>', "column that {text} stands for in the task's template", 'text')
    .option('--top <k>', 'only the best k labels', wholeNumber)
    .option(
      '--durable',
      'with --input: by the workers of `tutelage up`, in a workflow that goes on whatever is killed, and that many machines share',
    )
    .option('--json', 'with --input: print a summary as one JSON object; with --text: on one line');
  withServerOptions(command).action((flags: Flags) => predict(flags, (problem) => command.error(`error: ${problem}`)));
}

async function predict(flags: Flags, refuse: (problem: string) => never): Promise<void> {
  if ((flags.input === undefined) !== (flags.output === undefined)) refuse('--input and --output go together');
  if (flags.text.length > 0 && flags.input !== undefined) refuse('give either --text or --input');
  if (flags.text.length === 0 && flags.input === undefined && process.stdin.isTTY) {
    refuse('give --text or --input, or pipe texts in, one a line');
  }
  const { durable, input, output } = flags;
  if (durable && (input === undefined || output === undefined)) refuse('--durable goes with --input and --output');
  if (durable && input !== undefined && output !== undefined) return classifyFile(flags, input, output);
  const loaded = await load(await openExistingStore(flags.store), flags);
  try {
    if (input !== undefined && output !== undefined) await answerFile(loaded, flags, input, output);
    else if (flags.text.length > 0) await answerTexts(loaded, flags, refuse);
    else await answerLines(loaded, flags, refuse);
  } finally {
    await loaded.student.close();
  }
}

async function load(store: Store, { task, version }: Flags): Promise<Loaded> {
  const model = await versionToAnswer(store, task, version ?? null);
  const folder = await fetchModel(store, model, modelCache(process.env));
  return { model, student: await studentKind(model.kind).load(folder) };
}

/** The Hub's shape: an array of labels for one text, an array of such arrays for several. */
async function answerTexts(
  { model, student }: Loaded,
  flags: Flags,
  refuse: (problem: string) => never,
): Promise<void> {
  const template = templateOfText(model, flags, refuse);
  const texts = flags.text.map((text, index) => {
    const rendered = template.render({ [flags.textColumn]: text });
    return 'text' in rendered ? rendered.text : refuse(`--text number ${index + 1}: ${rendered.problem}`);
  });
  const answers = await predictTexts(student, texts, flags.top ?? null);
  const shown = answers.length === 1 ? answers[0] : answers;
  const indent = process.stdout.isTTY && !flags.json ? 2 : 0;
  process.stdout.write(`${JSON.stringify(shown, null, indent)}\n`);
}

/** One answer a line, as the lines come; an empty array for a line without text, so that lines stay in step. */
async function answerLines(
  { model, student }: Loaded,
  flags: Flags,
  refuse: (problem: string) => never,
): Promise<void> {
  const template = templateOfText(model, flags, refuse);
  // Not by node:readline, which also ends lines at U+2028.
  for await (const { bytes } of readLines(process.stdin)) {
    const rendered = template.render({ [flags.textColumn]: bytes?.toString('utf8') });
    const texts = 'text' in rendered ? [rendered.text] : [];
    const [answer = []] = await predictTexts(student, texts, flags.top ?? null);
    const taken = process.stdout.write(`${JSON.stringify(answer)}\n`);
    if (!taken) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}

/** The template for a text that comes alone. */
function templateOfText(model: ModelVersion, { textColumn }: Flags, refuse: (problem: string) => never): Template {
  const template = compileTemplate(model.textTemplate, textColumn);
  const others = template.columns.filter((column) => column !== textColumn);
  if (others.length === 0) return template;
  return refuse(
    `the texts of task ${model.task} are made of several columns (${template.columns.join(', ')}); use --input`,
  );
}

async function answerFile({ model, student }: Loaded, flags: Flags, input: string, output: string): Promise<void> {
  const progress = new ProgressLine();
  const signal = untilInterrupted();
  try {
    const predicted = await predictFile(student, {
      input,
      output,
      env: process.env,
      template: model.textTemplate,
      textColumn: flags.textColumn,
      top: flags.top ?? null,
      signal,
      onProgress: ({ done, total }) => progress.show(`${done} of ${counted(total, 'row')}`),
    });
    progress.clear();
    report({ ...predicted, task: model.task, version: model.version, output }, flags.json === true);
  } catch (error) {
    progress.clear();
    if (!signal.aborted) throw error;
    process.stderr.write(`interrupted; ${output} was not written\n`);
    process.exitCode = INTERRUPTED;
  }
}

async function classifyFile(flags: Flags, input: string, output: string): Promise<void> {
  const { store, task, textColumn, top = null, version = null } = flags;
  const { predictDurably } = await import('./predict-durably.js');
  const asked = { ...{ task, version, input, output }, ...{ textColumn, top, store } };
  const result = await predictDurably(asked, flags, untilInterrupted());
  if (result === null) process.exitCode = INTERRUPTED;
  else report(result, flags.json === true);
}

function report(result: ClassificationResult, json: boolean): void {
  const { added, output, problems, refused, rows, version } = result;
  if (refused > 0) {
    const shown = problems
      .map(({ file, line, problem }) => `  ${file === undefined ? '' : `${file} `}line ${line}: ${problem}\n`)
      .join('');
    const more = refused > problems.length ? `  and ${refused - problems.length} more\n` : '';
    process.stderr.write(pc.yellow(`left out, because they could not be used: ${refused}\n${shown}${more}`));
  }
  if (json) {
    const { problems: _shown, ...summary } = result;
    process.stdout.write(`${JSON.stringify(summary)}\n`);
  } else {
    process.stderr.write(`rows written to ${output}: ${rows}, with ${added.join(', ')} by version ${version}\n`);
  }
}
