/** A run from texts in a bucket to a deployed student, with a store in the bucket and workers that share nothing else. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { openExistingStore } from '../../src/cli/existing-store.js';
import { checkHealth } from '../../src/cli/health-checks.js';
import { pastRun } from '../../src/cli/past-run.js';
import { askProgress } from '../../src/cli/run-client.js';
import { FailureType } from '../../src/contracts/index.js';
import { openBucket } from '../../src/store/index.js';
import { createClient, localServer } from '../../src/temporal/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { demoFiles, demoReplies, readJsonl } from '../support/demo-data.js';
import { type Finished, type LocalUp, resultOf, startTutelage, startUp, tutelage } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';
import { describeWithS3, type S3Server, startS3Server } from '../support/s3-server.js';

const TASK = 'financial-sentiment';
const RUN = 'reviewed';

describeWithS3('A run with its store on S3', () => {
  let server: S3Server;
  let teacher: ReplayTeacher;
  let up: LocalUp;
  let client: Client;
  let store: string;
  let corpus: string;
  let gold: string;
  let env: Record<string, string>;
  /** Of the orchestrator and the command line, of the other workers, of somebody who uses the student. */
  const [here, elsewhere, third] = [newFolder(), newFolder(), newFolder()];
  const cacheOf = (folder: string) => ({ ...env, XDG_CACHE_HOME: join(folder, 'cache') });

  const command = (args: string[], folder = here): Promise<Finished> =>
    tutelage(args, { cwd: folder, env: cacheOf(folder) });
  async function ok(folder: string, ...args: string[]): Promise<string> {
    const { code, stderr, stdout } = await command(args, folder);
    if (code !== 0) throw new Error(`tutelage ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  async function waitingAt(gate: string): Promise<void> {
    while ((await askProgress(client, RUN))?.waitingFor?.gate !== gate) await sleep(200);
  }

  beforeAll(async () => {
    server = await startS3Server();
    const bucket = server.makeBucket();
    store = `s3://${bucket}/tutelage`;
    env = { ...server.env, TUTELAGE_STORE: store };
    const files = demoFiles(here, { rows: 60, gold: 40 });
    Object.assign(process.env, server.env);
    const texts = await openBucket(bucket, process.env);
    await texts.put('texts/corpus.jsonl', readFileSync(files.corpus));
    await texts.put('texts/gold/gold.jsonl', readFileSync(files.gold));
    [corpus, gold] = [`s3://${bucket}/texts/corpus.jsonl`, `s3://${bucket}/texts/gold`];
    [up, teacher] = await Promise.all([
      startUp(here, { roles: ['orchestrator'], env: cacheOf(here) }),
      startTeacher({ replies: demoReplies, latencyMs: 2 }),
    ]);
    client = await createClient(localServer(up.address), {});
    const worker = await startTutelage(['worker', '--role', 'all', '--address', up.address], {
      cwd: elsewhere,
      env: cacheOf(elsewhere),
    });
    await worker.says(/"taskQueue":"tutelage-student","state":"RUNNING"/);
  });
  afterAll(async () => {
    await client?.connection.close();
    await server?.stop();
  });

  it('is reviewed by somebody who sees the store alone, and leaves a student and labels', async () => {
    const args = ['distill', TASK, '--corpus', corpus, '--gold', gold, '--teacher-url', teacher.url, '--json'];
    const more = ['--labels-out', 'labels.jsonl', '--id', RUN, '--yes'];
    const started = await startTutelage([...args, ...more], { cwd: here, env: cacheOf(here) });
    await started.says(/^run /m);
    await waitingAt('labels');
    await ok(third, 'review', 'export', RUN, '--output', 'fix.jsonl', '--rows', '6');
    const rows = readJsonl<object>(join(third, 'fix.jsonl')).map((row) => ({ ...row, decision: 'negative' }));
    expect(rows).toHaveLength(6);
    writeFileSync(join(third, 'fix.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await ok(third, 'review', 'import', RUN, 'fix.jsonl', '--as', 'ana');
    await ok(here, 'approve', RUN, '--gate', 'labels', '--as', 'ana', '--reviewed');
    await waitingAt('deployment');
    await ok(here, 'approve', RUN, '--gate', 'deployment', '--as', 'ana');
    const { code, stderr, stdout } = await started.ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).not.toMatch(/warning/i);
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      annotation: { texts: 60, calls: 180, labelled: 60, uncertain: 0 },
      labels: { uri: expect.stringContaining(`${store}/runs/${RUN}/`) },
      deployment: { version: 1, uri: `${store}/models/${TASK}/versions/000001` },
    });
    const labels = readJsonl<{ label: string; source: string }>(join(here, 'labels.jsonl'));
    expect(labels).toHaveLength(60);
    expect(labels.filter(({ source }) => source === 'person').map(({ label }) => label)).toContain('negative');
    expect(readdirSync(elsewhere).filter((name) => name !== 'cache')).toEqual([]);
    // What `watch` tells once the server has forgotten the run.
    expect((await pastRun(store, RUN))?.result.deployment?.version).toBe(1);
  });

  it('is not paid for again by the next one, whose student is the second version', async () => {
    const { corpus: grown } = demoFiles(here, { rows: 66, gold: 40 });
    const args = ['distill', TASK, '--corpus', grown, '--gold', gold, '--teacher-url', teacher.url, '--json'];
    const ended = await command([...args, '--approve-as', 'ci']);
    expect(resultOf(ended)).toMatchObject({ annotation: { calls: 18, reused: 180 }, deployment: { version: 2 } });
  });

  it('leaves students that anybody who sees the store can use and roll back', async () => {
    const text = 'Operating profit rose to EUR 13.1 million from EUR 8.7 million a year earlier.';
    const answer = await command(['predict', '--task', TASK, '--text', text], third);
    expect(answer.json).toMatchObject([{ label: 'positive' }, {}, {}]);
    expect(existsSync(join(third, 'cache', 'tutelage', 'models'))).toBe(true);
    const { json } = await command(['rollback', TASK, '--json'], third);
    expect(json).toMatchObject({ version: 1 });
  });

  it('is looked at by doctor, and refused where it is not there', async () => {
    const checks = await checkHealth({ env: { ...process.env, ...env }, flags: {}, folder: third, store });
    const found = checks.find(({ name }) => name === 'store');
    expect(found).toMatchObject({ status: 'ok', detail: expect.stringContaining(`${store} (id `) });
    await expect(openExistingStore(`${store}/nothing`)).rejects.toThrow(`there is no store at ${store}/nothing`);
    await expect(openExistingStore('s3://no-such-bucket/x')).rejects.toMatchObject({
      code: 'NoSuchBucket',
      type: FailureType.InvalidInput,
      mend: expect.stringContaining('Make the bucket'),
    });
  });
});
