/** A trainer that is killed goes on where it was and ends with the same weights as one that was not killed. */
import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EncoderSettings, FrozenSettings } from '../../../src/contracts/index.js';
import { restoreCheckpoint, saveCheckpoint, TrainingState } from '../../../src/students/encoder/checkpoint.js';
import { type TrainingJob, trainInProcess } from '../../../src/students/index.js';
import { makeTinyEncoder } from './tiny-encoder.js';

const KILLS = 5;
/** 24 examples in batches of 4 over 5 epochs. */
const STEPS = 30;

let folder: string;
let job: TrainingJob<EncoderSettings>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'resume-'));
  const lines = Array.from({ length: 32 }, (_, index) => {
    const text = `Profit ${index % 2 === 1 ? 'rose' : 'fell'} by ${index} percent.`;
    const target = index % 2 === 1 ? [0.2, 0.8] : [1, 0];
    return JSON.stringify({ text, target, validation: index % 4 === 3, weight: 1 + (index % 3) });
  });
  const examplesFile = join(folder, 'examples.jsonl');
  writeFileSync(examplesFile, lines.join('\n'));
  const encoder = await makeTinyEncoder(join(folder, 'encoder'));
  const settings = EncoderSettings.parse({
    kind: 'encoder',
    encoder,
    epochs: 5,
    patience: 5,
    batchSize: 4,
    // Texts have seven or eight tokens: two parts a step.
    microBatchTokens: 16,
    classWeights: 'balanced',
    learningRate: 0.01,
  });
  job = { kind: 'encoder', labels: ['bad', 'good'], examplesFile, outputFolder: '', settings, seed: 3 };
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a trainer, and kills it when it tells of step `killAt`. Gives the steps it told of. */
function runTrainer(
  name: string,
  killAt = Number.POSITIVE_INFINITY,
  what: TrainingJob = job,
): Promise<{ steps: number[]; finished: boolean }> {
  const outputFolder = join(folder, name);
  mkdirSync(outputFolder, { recursive: true });
  const child = fork(join(__dirname, 'eager-checkpoints.js'), { execArgv: [] });
  const steps: number[] = [];
  let finished = false;
  child.on('message', (message: { step?: number; finished?: boolean }) => {
    if (message.finished) finished = true;
    if (message.step === undefined) return;
    steps.push(message.step);
    if (message.step === killAt) child.kill('SIGKILL');
    else child.send('go on');
  });
  child.send({ ...what, outputFolder, checkpointFolder: join(folder, `${name}-checkpoints`) });
  return new Promise((resolve) => child.on('close', () => resolve({ steps, finished })));
}

const filesOf = (name: string) =>
  readdirSync(join(folder, name)).map((file) => [file, readFileSync(join(folder, name, file)).toString('base64')]);

describe('a killed trainer', () => {
  it(`that was killed at ${KILLS} random steps ends with the same files`, async () => {
    const undisturbed = await runTrainer('undisturbed');
    expect(undisturbed).toEqual({ steps: Array.from({ length: STEPS }, (_, index) => index + 1), finished: true });

    const kills = Array.from({ length: KILLS }, () => 1 + Math.floor(Math.random() * (STEPS - 1))).sort(
      (a, b) => a - b,
    );
    for (const killAt of kills) {
      const { finished, steps } = await runTrainer('killed', killAt);
      expect({ kills, last: steps.at(-1), finished }).toEqual({ kills, last: killAt, finished: false });
    }
    const { steps, finished } = await runTrainer('killed');
    expect({ kills, first: steps[0], finished }).toEqual({ kills, first: kills.at(-1), finished: true });
    expect(filesOf('killed')).toEqual(filesOf('undisturbed'));
  });

  it('of a frozen encoder keeps the texts that went through it', async () => {
    const { encoder } = job.settings;
    const examplesFile = join(folder, 'many.jsonl');
    const lines = Array.from({ length: 200 }, (_, index) => ({
      text: `Profit ${index % 2 === 1 ? 'rose' : 'fell'} by ${index} percent.`,
      target: index % 2 === 1 ? [0.2, 0.8] : [1, 0],
      validation: index % 4 === 3,
    }));
    writeFileSync(examplesFile, lines.map((line) => JSON.stringify(line)).join('\n'));
    const frozen = {
      ...job,
      kind: 'frozen',
      examplesFile,
      settings: FrozenSettings.parse({ kind: 'frozen', encoder }),
    };
    // 150 texts and 50 held-out ones, 32 at once.
    const texts = [32, 64, 96, 128, 150, 182, 200];
    const undisturbed = await runTrainer('frozen', Number.POSITIVE_INFINITY, frozen);
    expect(undisturbed).toEqual({ steps: texts, finished: true });
    for (const killAt of [96, 182]) {
      const { finished, steps } = await runTrainer('frozen killed', killAt, frozen);
      expect({ last: steps.at(-1), finished }).toEqual({ last: killAt, finished: false });
    }
    const { finished, steps } = await runTrainer('frozen killed', Number.POSITIVE_INFINITY, frozen);
    expect({ steps, finished }).toEqual({ steps: [182, 200], finished: true });
    expect(filesOf('frozen killed')).toEqual(filesOf('frozen'));
  });
});

describe('a checkpoint', () => {
  const state = { step: 7, lossSum: 1.5, epochs: [], bestEpoch: 0 };

  it('fills the arrays of the same job and tells its state', async () => {
    const checkpoints = join(folder, 'own');
    await saveCheckpoint(checkpoints, 'job 1', state, new Map([['w', Float32Array.of(1, 2.5)]]));
    const arrays = new Map([['w', new Float32Array(2)]]);
    expect(await restoreCheckpoint(checkpoints, 'job 1', arrays, TrainingState)).toEqual(state);
    expect([...arrays.get('w')!]).toEqual([1, 2.5]);
  });

  it('of another job is left alone, and none is no error', async () => {
    const checkpoints = join(folder, 'foreign');
    const arrays = new Map([['w', Float32Array.of(9)]]);
    expect(await restoreCheckpoint(checkpoints, 'job 1', arrays, TrainingState)).toBeNull();
    await saveCheckpoint(checkpoints, 'job 2', state, new Map([['w', Float32Array.of(1)]]));
    expect(await restoreCheckpoint(checkpoints, 'job 1', arrays, TrainingState)).toBeNull();
    expect([...arrays.get('w')!]).toEqual([9]);
  });

  it.each([
    ['is damaged', (path: string) => truncateSync(path, 40)],
    ['is no file of that kind', (path: string) => writeFileSync(path, 'gibberish')],
    [
      "can't be read",
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])('that %s is as none, and leaves the arrays as they were', async (_, spoil) => {
    const checkpoints = mkdtempSync(join(folder, 'spoilt-'));
    await saveCheckpoint(checkpoints, 'job 1', state, new Map([['w', Float32Array.of(1)]]));
    spoil(join(checkpoints, 'checkpoint.safetensors'));
    const arrays = new Map([['w', Float32Array.of(9)]]);
    expect(await restoreCheckpoint(checkpoints, 'job 1', arrays, TrainingState)).toBeNull();
    expect([...arrays.get('w')!]).toEqual([9]);
  });

  it.each([
    ['lacks an array', { v: [1] }, state],
    ['has an array of another length', { v: [1], w: [1, 2] }, state],
    ['has another state', { v: [1], w: [1] }, { step: 7 }],
  ])('of another version, which %s, is as none, and leaves the arrays as they were', async (_, saved, savedState) => {
    const checkpoints = mkdtempSync(join(folder, 'older-'));
    const older = new Map(Object.entries(saved).map(([name, values]) => [name, Float32Array.from(values)]));
    await saveCheckpoint(checkpoints, 'job 1', savedState, older);
    const arrays = new Map([
      ['v', Float32Array.of(8)],
      ['w', Float32Array.of(9)],
    ]);
    expect(await restoreCheckpoint(checkpoints, 'job 1', arrays, TrainingState)).toBeNull();
    expect([...arrays.values()].map(([value]) => value)).toEqual([8, 9]);
  });

  it('that another attempt writes at the same time is left alone, and what killed ones were writing goes', async () => {
    const checkpoints = mkdtempSync(join(folder, 'shared-'));
    const other = join(checkpoints, '1.new');
    writeFileSync(other, 'half of it');
    expect(await saveCheckpoint(checkpoints, 'job 1', state, new Map([['w', Float32Array.of(1)]]))).toBeNull();
    expect(readFileSync(other, 'utf8')).toBe('half of it');
    await restoreCheckpoint(checkpoints, 'job 1', new Map([['w', new Float32Array(1)]]), TrainingState);
    expect(readdirSync(checkpoints)).toEqual(['checkpoint.safetensors']);
  });
});

describe('a trainer that can leave no checkpoint', () => {
  it('trains all the same, and says why', async () => {
    const blocked = join(folder, 'blocked');
    writeFileSync(blocked, 'a file where the folder should be');
    const outputFolder = mkdtempSync(join(folder, 'output-'));
    const phases: string[] = [];
    const onProgress = ({ phase }: { phase: string }) => void phases.push(phase);
    await trainInProcess({ ...job, outputFolder, checkpointFolder: join(blocked, 'checkpoints') }, { onProgress });
    expect(readdirSync(outputFolder)).toContain('model.onnx');
    expect(phases).toContainEqual(expect.stringMatching(/^fine-tuning, without a checkpoint \(ENOTDIR: .*blocked/));
  });
});
