/** What a label counts for in training, and what training leaves in the store. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { taskPath } from '../../src/activities/artifacts.js';
import { createDistillActivities, weightOf } from '../../src/activities/distill.js';
import { type LabelRow, LinearSettings, TrainingExample, type TrainingSummary } from '../../src/contracts/index.js';
import { openFileStore } from '../../src/store/index.js';
import { labelRow } from '../support/label-row.js';
import { sentiment } from '../teachers/sentiment-task.js';
import { preparedRun } from '../workflows/prepared-run.js';

describe('weightOf', () => {
  it('is the share of agreeing votes of a teacher, and 1 for what people decided', () => {
    expect(weightOf({ agreement: 2 / 3, source: 'teacher' })).toBe(2 / 3);
    expect(weightOf({ agreement: 1 / 3, source: 'person' })).toBe(1);
    expect(weightOf({ agreement: null, source: 'teacher' })).toBe(1);
  });

  it('is one that training takes, for a label that no vote was for, too, as weighed votes may give it', () => {
    const weight = weightOf({ agreement: 0, source: 'teacher' });
    expect(TrainingExample.parse({ text: 'x', target: [1, 0], validation: false, weight })).toMatchObject({
      weight: 0,
    });
  });
});

describe('the activity distill', () => {
  let folder: string;
  const cacheHome = process.env.XDG_CACHE_HOME;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'distill-'));
    process.env.XDG_CACHE_HOME = join(folder, 'cache');
  });
  afterEach(() => {
    if (cacheHome === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = cacheHome;
    rmSync(folder, { recursive: true });
  });

  it('of a second attempt that comes to another model leaves the files of the first as its result tells them', async () => {
    const store = await openFileStore(join(folder, 'store'));
    const run = { workflowId: 'run-1', folder: 'runs/run-1/first', store: store.ref };
    const names = sentiment.labels.map(({ name }) => name);
    const prepared = preparedRun('run-1', { run, labels: names });
    const rows = Array.from({ length: 90 }, (_, index) => rowOf(index, names[index % names.length] as string));
    const labels = await store.write(`${run.folder}/labels.jsonl`, rows.map((row) => JSON.stringify(row)).join('\n'));
    const train = async (strengths: number[]): Promise<TrainingSummary> => {
      const task = { ...sentiment, student: LinearSettings.parse({ strengths }) };
      await store.write(taskPath(run.folder), JSON.stringify(task));
      // Both began before either was done.
      for (const path of await store.list(`${run.folder}/results`)) await store.remove(path);
      const client = { withAbortSignal: (_: AbortSignal, work: () => unknown) => work() } as unknown as Client;
      const environment = new MockActivityEnvironment({}, { client });
      return environment.run(createDistillActivities().distill, { prepared, labels });
    };
    const first = await train([1]);
    const second = await train([10]);
    const digestOf = ({ files }: TrainingSummary) => files.find(({ path }) => path.endsWith('/model.onnx'))?.sha256;
    expect(digestOf(second)).not.toBe(digestOf(first));
    for (const file of [...first.files, ...second.files]) {
      expect((await store.readRef(file)).length).toBe(file.bytes);
      expect([first.folder, second.folder]).toContain(dirname(file.path));
    }
    const training = join(folder, 'cache', 'tutelage', 'training');
    expect(existsSync(training) ? readdirSync(training) : []).toEqual([]);
  });
});

function rowOf(index: number, label: string): LabelRow {
  const text = `text ${index} of the kind ${label}`;
  return labelRow(label, { key: `k${index}`, id: String(index), text, line: index + 1 });
}
