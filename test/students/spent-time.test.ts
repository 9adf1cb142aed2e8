/** What a training took in all, over its attempts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainInProcess } from '../../src/students/index.js';
import { SpentTime } from '../../src/students/spent-time.js';
import { emptyFolder, toyExamples, toyLabels, trainingJob } from './training-job.js';

describe('SpentTime', () => {
  it('keeps the time so far every few seconds, and adds it to that of the attempts before', async () => {
    const folder = join(emptyFolder(), 'not-there-yet');
    let now = 1000;
    const first = await SpentTime.begin(folder, () => now);
    expect(first.before).toBe(0);
    now = 21_000;
    await first.note();
    now = 22_000;
    await first.note();
    expect(readFileSync(join(folder, 'seconds'), 'utf8')).toBe('20');
    const second = await SpentTime.begin(folder, () => now);
    expect(second.before).toBe(20);
    now = 52_000;
    await second.note();
    expect((await SpentTime.begin(folder)).before).toBe(50);
  });

  it('begins at 0 where the folder holds nonsense or can not be written', async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, 'seconds'), '');
    expect((await SpentTime.begin(folder)).before).toBe(0);
    const blocked = await SpentTime.begin(join(folder, 'seconds', 'below a file'));
    await blocked.note();
    expect(blocked.before).toBe(0);
  });
});

describe('a training that was killed before', () => {
  it('counts what the earlier attempts took: the energy in the model card follows from it', async () => {
    const checkpointFolder = emptyFolder();
    mkdirSync(checkpointFolder, { recursive: true });
    writeFileSync(join(checkpointFolder, 'seconds'), '1000');
    const job = { ...trainingJob(toyLabels, toyExamples(30)), checkpointFolder };
    const { trainSeconds } = await trainInProcess(job, { onProgress: () => {} });
    expect(trainSeconds).toBeGreaterThan(1000);
  });
});
