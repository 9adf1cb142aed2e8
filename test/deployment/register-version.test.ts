/** Versions get their own numbers and files, once, whatever dies or runs beside. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArtifactRef } from '../../src/contracts/index.js';
import { listVersions, registerVersion } from '../../src/deployment/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { newVersion } from './new-version.js';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'register-'));
  store = await openFileStore(join(folder, 'store'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function studentFiles(weights: string): Promise<ArtifactRef[]> {
  const folder = `runs/r/1/students/${weights}`;
  return [await store.write(`${folder}/onnx/model.onnx`, weights), await store.write(`${folder}/config.json`, '{}')];
}

const textOf = async (path: string) => Buffer.from(await store.read(path)).toString('utf8');

describe('registerVersion', () => {
  it('copies the files into the folder of version 1, in their places below the folder they shared', async () => {
    const files = await studentFiles('weights');
    const now = () => new Date('2026-01-02T03:04:05.000Z');
    const version = await registerVersion(store, newVersion(files), now);
    const at = 'models/tone/versions/000001/student';
    expect(version).toMatchObject({ task: 'tone', version: 1, createdAt: '2026-01-02T03:04:05.000Z' });
    expect(version.files.map(({ path }) => path)).toEqual([`${at}/onnx/model.onnx`, `${at}/config.json`]);
    expect(version.files[1]).toEqual({ ...files[1], path: `${at}/config.json` });
    expect(await textOf(`${at}/onnx/model.onnx`)).toBe('weights');
    expect(await listVersions(store, 'tone')).toEqual([version]);
  });

  it('returns the same version when the same run registers the same files again', async () => {
    const files = await studentFiles('weights');
    const first = await registerVersion(store, newVersion(files));
    const later = () => new Date('2099-01-01T00:00:00.000Z');
    expect(await registerVersion(store, newVersion(files), later)).toEqual(first);
    expect(await listVersions(store, 'tone')).toHaveLength(1);
  });

  it('takes a student whose card alone differs for the same version, and keeps the first card', async () => {
    const files = await studentFiles('weights');
    const path = 'runs/r/1/students/weights/README.md';
    const first = await registerVersion(store, { ...newVersion(files), card: await store.write(path, 'in 2.1 s') });
    const again = await registerVersion(store, { ...newVersion(files), card: await store.write(path, 'in 2.2 s') });
    expect(again).toEqual(first);
    expect(await textOf('models/tone/versions/000001/student/README.md')).toBe('in 2.1 s');
  });

  it('gives another number to other files of the same run, and to the same files of another run', async () => {
    const files = await studentFiles('weights');
    const others = await studentFiles('other-weights');
    await registerVersion(store, newVersion(files));
    expect((await registerVersion(store, newVersion(others))).version).toBe(2);
    expect((await registerVersion(store, newVersion(files, { workflowId: 'run-2' }))).version).toBe(3);
  });

  it('counts the versions of each task by themselves', async () => {
    const files = await studentFiles('weights');
    await registerVersion(store, newVersion(files));
    expect((await registerVersion(store, newVersion(files, { task: 'topics' }))).version).toBe(1);
  });

  it('gives different numbers to eight runs at once, and one number to eight attempts of the same run', async () => {
    const files = await studentFiles('weights');
    const runs = Array.from({ length: 8 }, (_, index) => newVersion(files, { workflowId: `run-${index}` }));
    const versions = await Promise.all(runs.map((run) => registerVersion(store, run)));
    expect(versions.map(({ version }) => version).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const attempts = await Promise.all(Array.from({ length: 8 }, () => registerVersion(store, runs[3]!)));
    expect(new Set(attempts.map(({ version }) => version))).toEqual(new Set([versions[3]!.version]));
  });

  it('finishes the number of an attempt that died after its claim, and hides it until then', async () => {
    const files = await studentFiles('weights');
    const writer = store.writer.bind(store);
    store.writer = async () => {
      throw new Error('killed');
    };
    await expect(registerVersion(store, newVersion(files))).rejects.toThrow('killed');
    expect(await listVersions(store, 'tone')).toEqual([]);
    store.writer = writer;
    const other = await registerVersion(store, newVersion(files, { workflowId: 'run-2' }));
    const resumed = await registerVersion(store, newVersion(files));
    expect([resumed.version, other.version]).toEqual([1, 2]);
  });
});
