/** tutelage serve: a student behind HTTP, which follows what is deployed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import pc from 'picocolors';
import { type ModelVersion, parseOrExplain, ServeSettings } from '../contracts/index.js';
import { compileTemplate, type Template } from '../corpus/index.js';
import { createStudentApp, LiveStudent, modelCache, type RenderInput } from '../deployment/index.js';
import { scrubSecrets, UsageError } from '../temporal/index.js';
import { openExistingStore, STORE_OPTION } from './existing-store.js';
import { listen } from './http-server.js';
import { portNumber, wholeNumber } from './option-values.js';
import { untilInterrupted } from './run-end.js';

interface Flags {
  readonly task: string;
  readonly host: string;
  readonly port: number;
  readonly store?: string;
  readonly version?: number;
  readonly textColumn: string;
  readonly refreshSeconds?: number;
  readonly maxWaitingTexts?: number;
  readonly maxBodyBytes?: number;
}

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description(
      'answer POST /predict with the deployed student; another version that is deployed takes over by itself',
    )
    .requiredOption('--task <name>', 'the task whose student answers')
    .option('--host <name>', 'where to listen', '127.0.0.1')
    .option('--port <n>', 'the port; 0: any', portNumber, 7500)
    .option(...STORE_OPTION)
    .option('--version <n>', 'this version for good, instead of the deployed one', wholeNumber)
    .option('--text-column <name>', "column that {text} stands for in the task's template", 'text')
    .option('--refresh-seconds <s>', 'how often the deployed version is looked up', Number)
    .option('--max-waiting-texts <n>', 'of more texts that wait, requests are refused with 503', Number)
    .option('--max-body-bytes <n>', 'of a request', Number)
    .action(serve);
}

async function serve({ host, port, store, task, textColumn, version, ...limits }: Flags): Promise<void> {
  const settings = parseOrExplain(ServeSettings, limits);
  if (!settings.ok) throw new UsageError(settings.problems, 'See tutelage serve --help.');
  const { maxBodyBytes, maxWaitingTexts, refreshSeconds } = settings.value;
  const student = await LiveStudent.open({
    store: await openExistingStore(store),
    task,
    version: version ?? null,
    cacheFolder: modelCache(process.env),
    maxWaitingTexts,
  });
  const app = await createStudentApp({ student, render: renderer(textColumn), maxBodyBytes });
  const stopped = untilInterrupted();
  process.once('SIGTERM', () => process.kill(process.pid, 'SIGINT'));
  try {
    const server = await listen(app, { host, port });
    process.stdout.write(`${server.address}\n`);
    say(`version ${student.model.version} of ${task} answers POST /predict {"inputs": "the text"}`);
    await followDeployments(student, refreshSeconds, stopped);
    await server.close();
  } finally {
    await student.close();
  }
}

/** Until the signal. What can't be loaded leaves the version that answers in its place. */
async function followDeployments(student: LiveStudent, seconds: number, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    await sleep(1000 * seconds, undefined, { signal: stopped }).catch(() => undefined);
    if (stopped.aborted) return;
    try {
      if (await student.refresh()) say(`version ${student.model.version} has taken over`);
    } catch (error) {
      say(pc.yellow(`version ${student.model.version} goes on: ${scrubSecrets((error as Error).message)}`));
    }
  }
}

/** Templates by version: another version's may differ. */
function renderer(textColumn: string): RenderInput {
  const templates = new Map<number, Template>();
  return (input, model: ModelVersion) => {
    let template = templates.get(model.version);
    if (template === undefined) {
      template = compileTemplate(model.textTemplate, textColumn);
      templates.set(model.version, template);
    }
    return template.render(typeof input === 'string' ? { [textColumn]: input } : input);
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
