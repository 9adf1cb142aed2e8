/** The frozen encoder with a fitted head keeps the port's promises, with a tiny random BERT. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainInProcess } from '../../../src/students/index.js';
import type { TrainedStudent } from '../../../src/students/student.js';
import { describeStudentKind } from '../conformance.js';
import { emptyFolder, toyExamples, toyLabels, trainingJob } from '../training-job.js';
import { makeTinyEncoder } from './tiny-encoder.js';

const SETTINGS = { kind: 'frozen' as const, encoder: emptyFolder(), strengths: [0.1, 10, 1000] };

beforeAll(() => makeTinyEncoder(SETTINGS.encoder));

describeStudentKind({ ...SETTINGS, quantise: false }, { fitted: 96, compared: 24 });

describe('training a head on a frozen encoder', () => {
  it('leaves the weights of the encoder as they were', async () => {
    const job = trainingJob(toyLabels, toyExamples(120), { ...SETTINGS, quantise: false });
    const trained = await trainInProcess(job, { onProgress: () => undefined });
    const key = 'encoder.layer.0.attention.self.key.weight';
    expect(tensorBytes(job.outputFolder, `bert.${key}`).equals(tensorBytes(SETTINGS.encoder, key))).toBe(true);
    expect(trained.candidates.map(({ C }) => C)).toEqual([0.1, 10, 1000]);
    const losses = trained.candidates.map(({ logLoss }) => logLoss!);
    expect(trained.chosen.C).toBe([0.1, 10, 1000][losses.indexOf(Math.min(...losses))]);
  });
});

describe('a student that answers in INT8', () => {
  it('tells the share of held-out labels that the INT8 model gives, not the float32 model', async () => {
    const examples = toyExamples(1020);
    const job = trainingJob(toyLabels, examples, { ...SETTINGS, quantise: true });
    const training = fork(join(__dirname, 'other-int8-answer.js'), { execArgv: [] });
    training.send(job);
    const [trained] = (await once(training, 'message')) as [TrainedStudent];
    const heldOut = examples.filter(({ validation }) => validation).map(({ target }) => target.indexOf(1));
    const { predicted } = JSON.parse(readFileSync(join(job.outputFolder, 'validation.json'), 'utf8'));
    const right = heldOut.filter((label, row) => label === predicted[row]).length;
    expect(trained.chosen).toMatchObject({ int8: 1, int8Agreement: (heldOut.length - 1) / heldOut.length });
    expect(right).toBeLessThan(heldOut.length);
    expect(trained.validation).toEqual({ rows: heldOut.length, agreement: right / heldOut.length });
  });
});

function tensorBytes(folder: string, name: string): Buffer {
  const file = readFileSync(join(folder, 'model.safetensors'));
  const length = Number(file.readBigUInt64LE());
  const [from, to] = JSON.parse(file.subarray(8, 8 + length).toString())[name].data_offsets;
  return file.subarray(8 + length + from, 8 + length + to);
}
