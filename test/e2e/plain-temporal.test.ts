/** The Temporal surface as people type it: runs are started, decided and looked at with the plain Temporal CLI. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ClassificationResult,
  Classified,
  DistillationResult,
  GateOutcome,
  Progress,
} from '../../src/contracts/index.js';
import { newFolder, workerProcesses } from '../cli/tutelage-process.js';
import { type Finished, type LocalUp, startUp, temporalCli, tutelage } from '../support/local-run.js';

const examples = join(__dirname, '..', '..', 'examples');
const folder = newFolder();
let up: LocalUp;

beforeAll(async () => {
  // Relative paths of an input start where the workers were started.
  cpSync(examples, join(folder, 'examples'), { recursive: true });
  up = await startUp(folder);
});

const temporal = (...args: string[]): Promise<Finished> => temporalCli(args, { address: up.address, cwd: folder });

async function progressOf(workflowId: string): Promise<Progress> {
  const { json, stderr } = await temporal(
    'workflow',
    'query',
    '-w',
    workflowId,
    '--type',
    'progress',
    '--output',
    'json',
  );
  if (json === null) throw new Error(`no progress of ${workflowId}: ${stderr}`);
  return (json as { queryResult: [Progress] }).queryResult[0];
}

async function waitFor(workflowId: string, condition: (progress: Progress) => boolean): Promise<Progress> {
  for (;;) {
    const progress = await progressOf(workflowId);
    if (condition(progress)) return progress;
    await sleep(200);
  }
}

const signal = (workflowId: string, name: string, input: object) =>
  temporal('workflow', 'signal', '-w', workflowId, '--name', name, '--input', JSON.stringify(input));

const decide = (workflowId: string, input: object) =>
  temporal(
    ...['workflow', 'update', 'execute', '-w', workflowId, '--name', 'decide', '--output', 'json'],
    ...['--input', JSON.stringify(input)],
  );

const start = ['workflow', 'start', '-t', 'tutelage', '--type', 'distillation'];

describe('a run by the plain Temporal CLI', () => {
  it('goes from the example to a deployed student, by a signal and an update', async () => {
    const started = await temporal(...start, '-w', 'reviews-1', '--input-file', 'examples/distillation.json');
    expect(started.code).toBe(0);
    const atLabels = await waitFor('reviews-1', ({ waitingFor }) => waitingFor !== null);
    expect(atLabels).toMatchObject({
      stage: 'labels gate',
      task: 'financial-sentiment',
      texts: { done: 420, total: 420 },
      waitingFor: {
        gate: 'labels',
        approveCommand: `temporal workflow update execute --address ${up.address} -w reviews-1 --name decide --input '{"gate":"labels","decision":"approve","reviewer":"YOUR-NAME"}'`,
      },
    });

    const { stdout: metadata } = await temporal('workflow', 'metadata', '-w', 'reviews-1');
    expect(metadata).toContain('Waiting for you: gate `labels`');
    for (const name of ['approve', 'reject', 'pause', 'resume', 'decide', 'progress']) {
      expect(metadata).toMatch(new RegExp(`^ +${name} {2,}\\S`, 'm'));
    }

    expect((await signal('reviews-1', 'approve', { gate: 'labels', reviewer: 'ana' })).code).toBe(0);
    await waitFor('reviews-1', ({ waitingFor }) => waitingFor?.gate === 'deployment');
    const decided = await decide('reviews-1', {
      gate: 'deployment',
      decision: 'approve',
      reviewer: 'ben',
      note: 'fine',
    });
    expect(decided.code).toBe(0);
    expect((decided.json as { result: GateOutcome }).result).toMatchObject({ decision: 'approve', reviewer: 'ben' });

    const { json } = await temporal('workflow', 'result', '-w', 'reviews-1', '--output', 'json');
    const { result } = json as { result: DistillationResult };
    expect(result).toMatchObject({
      workflowId: 'reviews-1',
      annotation: { texts: 300, calls: 900, costUsd: 0 },
      gates: {
        labels: { decision: 'approve', reviewer: 'ana', automatic: false },
        deployment: { decision: 'approve', reviewer: 'ben', note: 'fine' },
      },
      evaluation: { basis: 'gold', rows: 120 },
      deployment: { version: 1 },
    });
  });

  it('does not take a second approval of the labels for one of the deployment', async () => {
    await temporal(...start, '-w', 'twice', '--input-file', 'examples/distillation.json');
    await waitFor('twice', ({ waitingFor }) => waitingFor?.gate === 'labels');
    await signal('twice', 'approve', { gate: 'labels', reviewer: 'ana' });
    await signal('twice', 'approve', { gate: 'labels', reviewer: 'ana' });
    await waitFor('twice', ({ waitingFor }) => waitingFor?.gate === 'deployment');
    await signal('twice', 'approve', { gate: 'labels', reviewer: 'ana' });

    const progress = await waitFor('twice', ({ ignored }) => (ignored ?? []).length >= 2);
    expect(progress.waitingFor?.gate).toBe('deployment');
    expect(progress.gates.deployment).toBeUndefined();
    expect(progress.ignored.at(-1)).toMatch(/approve.*"labels" was decided already: approved by ana/);

    const again = await decide('twice', { gate: 'labels', decision: 'approve', reviewer: 'ana' });
    expect(again.code).not.toBe(0);
    expect(again.stderr.replaceAll('\\"', '"')).toContain('the gate "labels" was decided already: approved by ana');
    await signal('twice', 'reject', { gate: 'deployment', reviewer: 'ana', note: 'enough' });
    const ended = await temporal('workflow', 'result', '-w', 'twice');
    expect(ended.code).not.toBe(0);
    expect(ended.stdout + ended.stderr).toMatch(/gate "deployment": rejected by ana: enough/);
  });

  it('shows decisions that can not be used on the board and goes on waiting', async () => {
    await temporal(...start, '-w', 'clumsy', '--input-file', 'examples/distillation.json');
    await waitFor('clumsy', ({ waitingFor }) => waitingFor?.gate === 'labels');
    await signal('clumsy', 'approve', { reviewer: 'ana' });
    await signal('clumsy', 'approve', { gate: 'deployment', reviewer: 'ana' });
    const { ignored, waitingFor } = await waitFor('clumsy', (progress) => (progress.ignored ?? []).length === 2);
    expect(ignored[0]).toMatch(/gate: missing; give "labels" or "deployment"/);
    expect(ignored[1]).toMatch(/"deployment" is not open; the open gate is "labels"/);
    expect(waitingFor?.gate).toBe('labels');

    const refused = await decide('clumsy', { gate: 'labels', decision: 'aprove', reviewer: 'ana' });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr.replaceAll('\\"', '"')).toContain(
      'decision: received "aprove"; give "approve" or "reject" or "revise"; did you mean "approve"?',
    );
    await temporal('workflow', 'cancel', '-w', 'clumsy');
  });
});

describe('bad input from the plain Temporal CLI', () => {
  const recorded = '{"teacher.provider":"recorded","teacher.replies":"examples/demo/replies.jsonl"}';
  const cases = [
    ['none at all', [], /the input is empty; it takes one JSON object: \{"task"/],
    ['a misspelt key', ['--input', '{"tsak":"financial-sentiment","corpus":"x.jsonl"}'], /tsak.*did you mean "task"/s],
    [
      'a task that is not there',
      ['--input', '{"task":"financial-sentimant","corpus":"examples/demo/corpus.jsonl"}'],
      /financial-sentimant.*did you mean financial-sentiment/s,
    ],
    [
      'a path that the worker does not have',
      ['--input', `{"task":"financial-sentiment","set":${recorded},"corpus":"/home/ana/texts.jsonl"}`],
      /corpus\.path.*\/home\/ana\/texts\.jsonl.*worker/s,
    ],
    [
      'a wrong override',
      ['--input', '{"task":"financial-sentiment","set":{"votes.stp":"all"},"corpus":"examples/demo/corpus.jsonl"}'],
      /votes.*"?stp"?.*did you mean "?stop/s,
    ],
  ] as const;

  it.each(cases)('fails at once with InvalidInput: %s', async (name, input, message) => {
    const workflowId = `bad-${name.replaceAll(' ', '-')}`;
    const startedAt = Date.now();
    await temporal(...start, '-w', workflowId, ...input);
    const { code, json } = await temporal('workflow', 'result', '-w', workflowId, '--output', 'json');
    expect(Date.now() - startedAt).toBeLessThan(15_000);
    expect(code).not.toBe(0);
    const { status, closeEvent } = json as {
      status: string;
      closeEvent: {
        workflowExecutionFailedEventAttributes: {
          failure: { message: string; applicationFailureInfo: { type: string; nonRetryable: boolean } };
        };
      };
    };
    expect(status).toBe('FAILED');
    const { failure } = closeEvent.workflowExecutionFailedEventAttributes;
    expect(failure.message).toMatch(message);
    expect(failure.applicationFailureInfo).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
  });
});

describe('a schedule by the plain Temporal CLI', () => {
  it('distills again, pays for nothing that is known, and deploys', async () => {
    const created = await temporal(
      ...['schedule', 'create', '--schedule-id', 'news', '--interval', '168h', '--type', 'redistillation'],
      ...['-t', 'tutelage', '-w', 'redistillation', '--input-file', 'examples/redistillation.json'],
    );
    expect(created.code).toBe(0);
    expect((await temporal('schedule', 'trigger', '--schedule-id', 'news')).code).toBe(0);
    const done = await waitForRun('redistillation.financial-sentiment');
    expect(done).toMatchObject({ gates: { labels: { reviewer: 'schedule', automatic: true } }, deployment: {} });
    expect(done.annotation).toMatchObject({ calls: 0, reused: 900 });
    await temporal('schedule', 'delete', '--schedule-id', 'news');
    const { json } = await tutelage(['models', 'financial-sentiment', '--json'], { cwd: folder });
    expect((json as { deployed: boolean }[]).filter(({ deployed }) => deployed)).toHaveLength(1);
  });
});

describe('rows classified by the plain Temporal CLI', () => {
  const rows = { task: 'financial-sentiment', input: 'examples/demo/corpus.jsonl' };

  it('gets the rows that predict writes, though the worker is killed on the way; predict --durable does the same', async () => {
    const predict = ['predict', '--task', rows.task, '--input', rows.input, '--json', '--output'];
    const { json: plain } = await tutelage([...predict, 'plain.csv'], { cwd: folder });
    const input = JSON.stringify({ ...rows, output: 'durable.csv', rowsPerBlock: 30 });
    await temporal('workflow', 'start', '-t', 'tutelage', '--type', 'classification', '-w', 'rows', '--input', input);
    const answered = async () => {
      const query = ['workflow', 'query', '-w', 'rows', '--type', 'classified', '--output', 'json'];
      return ((await temporal(...query)).json as { queryResult: [Classified] } | null)?.queryResult[0].rows ?? 0;
    };
    while ((await answered()) === 0) await sleep(50);
    process.kill(workerProcesses(folder).student?.pid ?? 0, 'SIGKILL');
    const { json } = await temporal('workflow', 'result', '-w', 'rows', '--output', 'json');
    const { result } = json as { result: ClassificationResult };
    expect({ ...result, problems: undefined }).toEqual({ ...(plain as object), output: 'durable.csv' });
    // Texts of other blocks are computed together: the last digits of the scores differ.
    const written = (name: string) => readFileSync(join(folder, name), 'utf8').replace(/,(\d\.\d{4})\d*$/gm, ',$1');
    expect(written('durable.csv')).toBe(written('plain.csv'));

    const durable = await tutelage([...predict, 'again.csv', '--durable'], { cwd: folder });
    expect(durable).toMatchObject({ code: 0, json: { ...(plain as object), output: join(folder, 'again.csv') } });
    expect(durable.stderr).toMatch(/the workers answer the rows: predict-financial-sentiment-\w{8} /);
    expect(written('again.csv')).toBe(written('plain.csv'));
    const nowhere = ['predict', '--task', rows.task, '--input', 'nowhere.csv', '--output', 'no.csv', '--durable'];
    const refused = await tutelage(nowhere, { cwd: folder });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/tutelage: input \(.*nowhere\.csv\): there is no such file/);
  });
});

/** The result of a run that is about to start. */
async function waitForRun(workflowId: string): Promise<DistillationResult> {
  for (;;) {
    const { json } = await temporal('workflow', 'result', '-w', workflowId, '--output', 'json');
    if (json !== null) return (json as { result: DistillationResult }).result;
    await sleep(200);
  }
}
