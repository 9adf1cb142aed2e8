/** What a training took in all, over its attempts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainInProcess } from '../../src/students/index.js';
import { SpentTime } from '../../src/students/spent-time.js';
import { emptyFolder, toyExamples, toyLabels, trainingJob } from './training-job.js';

const NOTHING = { seconds: 0, cpuSeconds: 0 };

describe('SpentTime', () => {
  it('keeps what was spent so far every few seconds, and adds it to that of the attempts before', async () => {
    const folder = join(emptyFolder(), 'not-there-yet');
    const at = (seconds: number) => ({ seconds, cpuSeconds: 2 * seconds });
    let now = at(1);
    const first = await SpentTime.begin(folder, () => now);
    expect(first.before).toEqual(NOTHING);
    now = at(21);
    await first.note();
    now = at(22);
    await first.note();
    expect(JSON.parse(readFileSync(join(folder, 'spent.json'), 'utf8'))).toEqual(at(20));
    const second = await SpentTime.begin(folder, () => now);
    expect(second.before).toEqual(at(20));
    now = at(52);
    await second.note();
    expect((await SpentTime.begin(folder)).before).toEqual(at(50));
  });

  it('begins with nothing where the folder holds nonsense or can not be written', async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, 'spent.json'), '{"seconds": 7');
    expect((await SpentTime.begin(folder)).before).toEqual(NOTHING);
    const blocked = await SpentTime.begin(join(folder, 'spent.json', 'below a file'));
    await blocked.note();
    expect(blocked.before).toEqual(NOTHING);
  });
});

describe('a training that was killed before', () => {
  it('counts what the earlier attempts took: the energy in the model card follows from it', async () => {
    const checkpointFolder = emptyFolder();
    writeFileSync(join(checkpointFolder, 'spent.json'), '{"seconds": 1000, "cpuSeconds": 3000}');
    const job = { ...trainingJob(toyLabels, toyExamples(30)), checkpointFolder };
    const { cpuSeconds, trainSeconds } = await trainInProcess(job, { onProgress: () => {} });
    expect(trainSeconds).toBeGreaterThan(1000);
    expect(cpuSeconds).toBeGreaterThan(3000);
  });
});
