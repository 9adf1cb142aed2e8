/** Which gold rows the deployed version was trained on, by the labels that its run left in the store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { learnedBy } from '../../src/activities/evaluate.js';
import type { LabelRow, ModelVersion } from '../../src/contracts/index.js';
import { openFileStore } from '../../src/store/index.js';
import { newVersion } from '../deployment/new-version.js';
import { labelRow } from '../support/label-row.js';

const folder = mkdtempSync(join(tmpdir(), 'evaluate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const row = (key: string, changes: Partial<LabelRow> = {}) =>
  labelRow('good', { key, id: key, text: key, line: 1, ...changes });

describe('learnedBy', () => {
  it('tells the rows whose text it learned: not its own gold rows, nor texts that got no label', async () => {
    const store = await openFileStore(join(folder, 'store'));
    const then = [row('learned'), row('gold then', { gold: 'good' }), row('unlabelled', { label: null }), row('other')];
    const labels = await store.write('runs/r/1/labels.jsonl', then.map((each) => `${JSON.stringify(each)}\n`).join(''));
    const ofRun = { ...newVersion([]).provenance, labels };
    const now = [{ key: 'new' }, { key: 'learned' }, { key: 'gold then' }, { key: 'unlabelled' }];
    const version = (provenance: ModelVersion['provenance']) => ({ ...newVersion([]), provenance }) as ModelVersion;
    expect(await learnedBy(store, version(ofRun), now)).toEqual([false, true, false, false]);
    const gone = { ...ofRun, labels: { ...labels, path: 'runs/gone/1/labels.jsonl' } };
    expect(await learnedBy(store, version(gone), now)).toBeNull();
  });
});
