/** The fine-tuned encoder keeps the port's promises, with a tiny random BERT. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EncoderSettings, StudentSettings, type TrainingProgress } from '../../../src/contracts/index.js';
import { loadStudent, trainInProcess } from '../../../src/students/index.js';
import { describeStudentKind, exampleLines } from '../student-conformance.js';
import { makeTinyEncoder } from './tiny-encoder.js';

async function settings(folder: string, more: Partial<EncoderSettings>): Promise<StudentSettings> {
  const encoder = await makeTinyEncoder(join(folder, 'encoder'));
  return StudentSettings.parse({
    kind: 'encoder',
    encoder,
    epochs: 12,
    patience: 12,
    learningRate: 0.01,
    batchSize: 4,
    ...more,
  });
}

// In INT8 a text's answers depend a little on the texts that are asked together with it.
describeStudentKind('encoder', (folder) => settings(folder, { quantise: false }));

describe('training an encoder', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'encoder-student-'));
    writeFileSync(join(folder, 'examples.jsonl'), exampleLines(64));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function train(name: string, more: Partial<EncoderSettings>) {
    const outputFolder = join(folder, name);
    mkdirSync(outputFolder);
    const examplesFile = join(folder, 'examples.jsonl');
    const progress: TrainingProgress[] = [];
    const trained = await trainInProcess(
      {
        kind: 'encoder',
        labels: ['bad', 'good'],
        examplesFile,
        outputFolder,
        settings: await settings(folder, more),
        seed: 1,
      },
      { onProgress: (now) => progress.push(now) },
    );
    return { outputFolder, trained, progress };
  }

  it('answers with the INT8 model where it passes the gate, by the same labels', async () => {
    const { outputFolder, trained } = await train('int8', {});
    expect(trained.chosen).toMatchObject({ int8: 1, int8Agreement: 1, int8LayersInFloat: 0 });
    expect(existsSync(join(outputFolder, 'model_quantized.onnx'))).toBe(true);
    const student = await loadStudent(outputFolder);
    const answers = await student.predict(['Orders rose by 7 percent.', 'Sales fell in the quarter.']);
    await student.close();
    expect(answers.map(([bad, good]) => (good! > bad! ? 'good' : 'bad'))).toEqual(['good', 'bad']);
  });

  it('leaves the Hub layout: labels in config.json beside what stood there, weights under their names', async () => {
    const { outputFolder } = await train('layout', { epochs: 1, quantise: false });
    const config = JSON.parse(readFileSync(join(outputFolder, 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      model_type: 'bert',
      hidden_size: 16,
      id2label: { 0: 'bad', 1: 'good' },
      tutelage: { max_length: 24, pooling: 'mean' },
    });
    const weights = readFileSync(join(outputFolder, 'model.safetensors'));
    const header = JSON.parse(weights.subarray(8, 8 + Number(weights.readBigUInt64LE())).toString());
    expect(header['bert.encoder.layer.0.attention.self.key.weight'].shape).toEqual([16, 16]);
    expect(header['classifier.weight'].shape).toEqual([2, 16]);
    expect(existsSync(join(outputFolder, 'tokenizer.json'))).toBe(true);
  });

  it('stops when patience is at an end, and keeps the epoch with the lowest validation loss', async () => {
    const { trained } = await train('patience', { learningRate: 0.3, patience: 2 });
    const losses = trained.candidates.map(({ logLoss }) => logLoss!);
    const best = losses.indexOf(Math.min(...losses));
    expect(losses.length).toBe(Math.min(12, best + 1 + 2));
    expect(trained.chosen.epoch).toBe(best + 1);
    expect(trained.chosen.logLoss).toBe(losses[best]);
  });

  it('tells steps, loss, speed and the time that is left', async () => {
    const { progress } = await train('progress', { epochs: 2, quantise: false });
    const { steps } = progress.findLast((now) => now.steps !== undefined)!;
    expect(steps!.of).toBe(24);
    expect(steps!.loss).toBeGreaterThan(0);
    expect(steps!.examplesPerSecond).toBeGreaterThan(0);
    expect(steps!.secondsLeft).toBeGreaterThanOrEqual(0);
  });
});
