/** Students are fetched once, and only as they were written. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelVersion } from '../../src/contracts/index.js';
import { fetchModel, RegistryError, registerVersion } from '../../src/deployment/index.js';
import { DamagedArtifactError, openFileStore, type Store } from '../../src/store/index.js';
import { newVersion } from './new-version.js';

let folder: string;
let cache: string;
let store: Store;
let model: ModelVersion;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'model-cache-'));
  cache = join(folder, 'cache');
  store = await openFileStore(join(folder, 'store'));
  model = await register('run-1', 'weights');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function register(workflowId: string, weights: string): Promise<ModelVersion> {
  const files = [
    await store.write(`runs/${workflowId}/model.onnx`, weights),
    await store.write(`runs/${workflowId}/extra/config.json`, '{}'),
  ];
  return registerVersion(store, newVersion(files, { workflowId }));
}

describe('fetchModel', () => {
  it('lays the files out as they were in the folder of the student', async () => {
    const local = await fetchModel(store, model, cache);
    expect(readFileSync(join(local, 'model.onnx'), 'utf8')).toBe('weights');
    expect(readFileSync(join(local, 'extra', 'config.json'), 'utf8')).toBe('{}');
    expect(readdirSync(local).sort()).toEqual(['extra', 'model.onnx']);
  });

  it('needs no store for what it has, and shares a folder between versions with the same files', async () => {
    const local = await fetchModel(store, model, cache);
    const same = await register('run-2', 'weights');
    const other = await register('run-3', 'other weights');
    rmSync(join(folder, 'store', 'models'), { recursive: true });
    expect(await fetchModel(store, same, cache)).toBe(local);
    await expect(fetchModel(store, other, cache)).rejects.toThrow('the store has no file');
  });

  it('fetches a file of the cache again that is not the one that was written', async () => {
    const local = await fetchModel(store, model, cache);
    writeFileSync(join(local, 'model.onnx'), 'weighty');
    await fetchModel(store, model, cache);
    expect(readFileSync(join(local, 'model.onnx'), 'utf8')).toBe('weights');
  });

  it('refuses a file of the store that is not the one that was registered', async () => {
    await store.write('models/tone/versions/000001/student/model.onnx', 'tampered');
    await expect(fetchModel(store, model, cache)).rejects.toThrow(DamagedArtifactError);
  });

  it('refuses a version that names a file outside its folder', async () => {
    const files = [{ ...model.files[0]!, path: 'runs/run-1/model.onnx' }];
    await expect(fetchModel(store, { ...model, files }, cache)).rejects.toThrow(RegistryError);
  });
});
