/** A student behind HTTP: its answers, its refusals, and versions that take over while it is asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileTemplate } from '../../src/corpus/index.js';
import { createStudentApp, deployVersion, LiveStudent, registerVersion } from '../../src/deployment/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { newVersion } from './new-version.js';
import { toyStudent } from './toy-student.js';

const LABELS = ['bad', 'good'];
let folder: string;
let store: Store;
const open: LiveStudent[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'serve-'));
  store = await openFileStore(join(folder, 'store'));
  const first = await toyStudent(store, folder, 'first', LABELS);
  // The same words mean the opposite to the second version.
  const second = await toyStudent(store, folder, 'second', [...LABELS].reverse());
  await registerVersion(store, newVersion(first, { workflowId: 'run-1', labels: LABELS }));
  await registerVersion(store, newVersion(second, { workflowId: 'run-2', labels: [...LABELS].reverse() }));
});
afterEach(async () => {
  for (const student of open.splice(0)) await student.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function live(options: { version?: number; maxWaitingTexts?: number } = {}): Promise<LiveStudent> {
  const cacheFolder = join(folder, 'cache');
  const student = await LiveStudent.open({
    ...{ store, task: 'tone', version: null, cacheFolder, maxWaitingTexts: 20_000 },
    ...options,
  });
  open.push(student);
  return student;
}

async function app(options: { version?: number; maxWaitingTexts?: number } = {}) {
  const student = await live(options);
  const template = compileTemplate('{text}', 'text');
  const http = await createStudentApp({
    student,
    render: (input) => template.render(typeof input === 'string' ? { text: input } : input),
    maxBodyBytes: 100_000,
  });
  const ask = async (body: unknown) => {
    const response = await http.request('/predict', {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    });
    return { status: response.status, headers: response.headers, json: await response.json() };
  };
  return { student, http, ask };
}

describe('POST /predict', () => {
  it("answers one text, and several, in the Hub's shape, best label first", async () => {
    const { ask } = await app({ version: 1 });
    const one = await ask({ inputs: 'Orders rose by 3 percent.' });
    expect(one).toMatchObject({ status: 200, json: [{ label: 'good' }, { label: 'bad' }] });
    expect(one.headers.get('X-Model-Version')).toBe('1');
    const several = await ask({ inputs: ['Orders fell.', { text: 'Orders rose.' }], parameters: { top_k: 1 } });
    const score = expect.any(Number);
    expect(several.json).toEqual([[{ label: 'bad', score }], [{ label: 'good', score }]]);
    expect((await ask({ inputs: [] })).json).toEqual([]);
  });

  it('refuses what is not JSON, has other keys, no text or too many bytes, and says why', async () => {
    const { ask } = await app({ version: 1 });
    expect(await ask('{"inputs')).toMatchObject({ status: 400, json: { error: expect.stringMatching(/not JSON/) } });
    const other = { inputs: 'x', top_k: 1 };
    expect(await ask(other)).toMatchObject({ status: 400, json: { error: expect.stringMatching(/top_k/) } });
    const blank = { inputs: ['fine', ' '] };
    expect(await ask(blank)).toMatchObject({ status: 400, json: { error: 'inputs[1]: its text is empty' } });
    expect(await ask({ inputs: 'x'.repeat(200_000) })).toMatchObject({ status: 413 });
  });

  it('refuses with 503 and Retry-After while too many texts wait, and answers those that do', async () => {
    const { ask, student } = await app({ version: 1, maxWaitingTexts: 10 });
    const waiting = student.predict(Array.from({ length: 10 }, () => 'Orders rose.'));
    const refused = await ask({ inputs: 'Orders fell.' });
    expect(refused).toMatchObject({ status: 503, json: { error: expect.stringMatching(/10 texts wait/) } });
    expect(refused.headers.get('Retry-After')).toBe('1');
    expect((await waiting).probabilities).toHaveLength(10);
    expect(await ask({ inputs: 'Orders fell.' })).toMatchObject({ status: 200 });
    await expect(student.predict(Array.from({ length: 11 }, () => 'Orders rose.'))).resolves.toBeDefined();
  });

  it('says at GET /health what answers', async () => {
    const { http } = await app({ version: 1 });
    const health = await http.request('/health');
    expect(await health.json()).toMatchObject({ task: 'tone', version: 1, labels: LABELS, waitingTexts: 0 });
    expect((await http.request('/elsewhere')).status).toBe(404);
  });
});

describe('a version that is deployed meanwhile', () => {
  it('takes over without a request being lost: each is answered whole by one version', async () => {
    await deployVersion(store, 'tone', 1, 'Ada');
    const student = await live();
    expect(await student.refresh()).toBe(false);
    let stop = false;
    const seen = new Map<number, number>();
    const asking = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!stop) {
          const { model, probabilities } = await student.predict(['Orders rose by 3 percent.', 'Orders fell.']);
          const labels = probabilities.map((scores) => model.labels[scores.indexOf(Math.max(...scores))]);
          expect(labels).toEqual(model.version === 1 ? ['good', 'bad'] : ['bad', 'good']);
          seen.set(model.version, (seen.get(model.version) ?? 0) + 1);
        }
      }),
    );
    while (!seen.has(1)) await new Promise((resolve) => setTimeout(resolve, 5));
    await deployVersion(store, 'tone', 2, 'Ada');
    expect(await Promise.all([student.refresh(), student.refresh()])).toEqual([true, true]);
    while (!seen.has(2)) await new Promise((resolve) => setTimeout(resolve, 5));
    stop = true;
    await asking;
    expect(student.model.version).toBe(2);
    expect(student.waitingTexts).toBe(0);
  });

  it('leaves the one that answers in its place when it cannot be loaded', async () => {
    await deployVersion(store, 'tone', 1, 'Ada');
    const student = await live();
    const download = store.download.bind(store);
    store.download = async () => {
      throw new Error('the disk is full');
    };
    rmSync(join(folder, 'cache'), { recursive: true });
    await deployVersion(store, 'tone', 2, 'Ada');
    await expect(student.refresh()).rejects.toThrow('the disk is full');
    expect((await student.predict(['Orders rose.'])).model.version).toBe(1);
    store.download = download;
    expect(await student.refresh()).toBe(true);
  });

  it('is not looked for where a version was named, and one that there is not is refused', async () => {
    await deployVersion(store, 'tone', 2, 'Ada');
    const student = await live({ version: 1 });
    expect(await student.refresh()).toBe(false);
    await expect(live({ version: 7 })).rejects.toThrow('task tone has no version 7; it has 1, 2');
  });
});
