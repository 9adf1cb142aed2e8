/** The frozen encoder with a fitted head keeps the port's promises, with a tiny random BERT. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainInProcess } from '../../../src/students/index.js';
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

function tensorBytes(folder: string, name: string): Buffer {
  const file = readFileSync(join(folder, 'model.safetensors'));
  const length = Number(file.readBigUInt64LE());
  const [from, to] = JSON.parse(file.subarray(8, 8 + length).toString())[name].data_offsets;
  return file.subarray(8 + length + from, 8 + length + to);
}
