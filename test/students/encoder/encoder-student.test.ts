/** The fine-tuned encoder keeps the port's promises, with a tiny random BERT. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { EncoderSettings, TrainingProgress } from '../../../src/contracts/index.js';
import { openTokeniser } from '../../../src/students/encoder/tokeniser.js';
import { loadStudent, trainInProcess } from '../../../src/students/index.js';
import { batchesOf } from '../../../src/students/student-threads.js';
import { describeStudentKind } from '../conformance.js';
import { emptyFolder, toyExamples, toyLabels, trainingJob } from '../training-job.js';
import { makeTinyEncoder } from './tiny-encoder.js';

const SETTINGS = {
  kind: 'encoder' as const,
  encoder: emptyFolder(),
  epochs: 12,
  patience: 12,
  learningRate: 0.01,
  batchSize: 8,
};

beforeAll(() => makeTinyEncoder(SETTINGS.encoder));

/** What thread-counts.js tells. */
async function askInProcess(folder: string, texts: readonly string[]) {
  const child = fork(join(__dirname, 'thread-counts.js'), { execArgv: [] });
  child.send({ folder, texts });
  const [told] = await once(child, 'message');
  return told as { afterSeveral: number; afterOne: number; turns: number };
}

// In INT8 a text's answers depend a little on the texts that are asked together with it.
describeStudentKind({ ...SETTINGS, quantise: false }, { fitted: 96, compared: 24 });

describe('training an encoder', () => {
  async function train(more: Partial<EncoderSettings>) {
    const job = trainingJob(toyLabels, toyExamples(120), { ...SETTINGS, ...more });
    const progress: TrainingProgress[] = [];
    const trained = await trainInProcess(job, { onProgress: (now) => progress.push(now) });
    return { outputFolder: job.outputFolder, trained, progress };
  }

  it('answers with the INT8 model where it passes the gate, by the same labels', async () => {
    const { outputFolder, trained } = await train({});
    expect(trained.chosen).toMatchObject({ int8: 1, int8Agreement: 1, int8LayersInFloat: 0 });
    expect(existsSync(join(outputFolder, 'model_quantized.onnx'))).toBe(true);
    const student = await loadStudent(outputFolder);
    const answers = await student.predict(['Snow and ICE!', 'a gentle spring breeze', 'scorching, blazing desert']);
    await student.close();
    expect(answers.map((probabilities) => probabilities.indexOf(Math.max(...probabilities)))).toEqual([0, 1, 2]);

    const texts = Array.from({ length: 2000 }, (_, i) => `Snow and ice ${i}, says the weather report.`);
    const { afterOne, afterSeveral, turns } = await askInProcess(outputFolder, texts);
    // A text alone is answered by a session with a thread more, where there is a core for it.
    const more = process.platform === 'linux' ? Math.min(2, availableParallelism()) - 1 : 0;
    expect(afterOne - afterSeveral).toBe(more);
    // More than one a message: the caller's event loop goes on while the threads answer.
    expect(turns).toBeGreaterThan(10 * batchesOf(texts, availableParallelism()).length);
  });

  it("leaves the Hub's layout: labels in config.json beside what stood there, weights under their names", async () => {
    const prefix = 'report says ';
    const { outputFolder } = await train({ epochs: 1, quantise: false, prefix });
    const config = JSON.parse(readFileSync(join(outputFolder, 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      model_type: 'bert',
      torch_dtype: 'float32',
      hidden_size: 16,
      id2label: { 0: 'cold', 1: 'mild', 2: 'hot' },
      tutelage: { max_length: 24, pooling: 'mean', prefix },
    });
    const weights = readFileSync(join(outputFolder, 'model.safetensors'));
    const header = JSON.parse(weights.subarray(8, 8 + Number(weights.readBigUInt64LE())).toString());
    expect(header['bert.encoder.layer.0.attention.self.key.weight'].shape).toEqual([16, 16]);
    expect(header['classifier.weight'].shape).toEqual([3, 16]);
    expect(JSON.parse(readFileSync(join(outputFolder, 'tokenizer_config.json'), 'utf8')).model_max_length).toBe(24);
    // Whoever reads tokenizer.json need not know of the prefix.
    const [student, encoder] = [outputFolder, SETTINGS.encoder].map((folder) => openTokeniser(folder, 24));
    expect((await student!).encode('Snow').ids).toEqual((await encoder!).encode('report says Snow').ids);
  });

  it('stops when patience is at an end, and keeps the epoch with the lowest validation loss', async () => {
    const { trained } = await train({ learningRate: 0.3, patience: 2, quantise: false });
    const losses = trained.candidates.map(({ logLoss }) => logLoss!);
    const best = losses.indexOf(Math.min(...losses));
    expect(losses).toHaveLength(Math.min(12, best + 1 + 2));
    expect(trained.chosen).toMatchObject({ epoch: best + 1, logLoss: losses[best] });
  });

  it('counts labels and texts as it is told to', async () => {
    const lossOf = async (more: Partial<EncoderSettings>, weightOf?: (index: number) => number) => {
      const examples = toyExamples(60).map((example, index) => ({ ...example, weight: weightOf?.(index) }));
      const settings = { ...SETTINGS, quantise: false, epochs: 1, ...more };
      const job = trainingJob(toyLabels, examples, settings);
      return (await trainInProcess(job, { onProgress: () => {} })).candidates[0]!.trainingLoss!;
    };
    const plain = await lossOf({});
    // All labels have the same number of texts.
    expect(await lossOf({ classWeights: 'balanced' })).toBeCloseTo(plain, 6);
    expect(await lossOf({ classWeights: { cold: 5 } })).toBeGreaterThan(1.5 * plain);
    expect(await lossOf({}, (index) => 1 + index)).not.toBeCloseTo(plain, 3);
  });

  it('tells steps, loss, speed and the time that is left', async () => {
    const { progress } = await train({ epochs: 2, quantise: false });
    const { steps } = progress.findLast((now) => now.steps !== undefined)!;
    expect(steps!.of).toBe(24);
    expect(steps!.loss).toBeGreaterThan(0);
    expect(steps!.examplesPerSecond).toBeGreaterThan(0);
    expect(steps!.secondsLeft).toBeGreaterThanOrEqual(0);
  });

  it('ends at the step whose loss is no number, and says what would do', async () => {
    const encoder = emptyFolder();
    await makeTinyEncoder(encoder, {}, () => Number.NaN);
    const diverged = train({ encoder, epochs: 1 });
    await expect(diverged).rejects.toMatchObject({ name: 'TrainingDivergedError' });
    await expect(diverged).rejects.toThrow("the loss of step 1 is no number: the encoder's weights hold some");
  });

  it('is refused beforehand for an encoder of another architecture, one too large, and one that is not there', async () => {
    const encoder = emptyFolder();
    await makeTinyEncoder(encoder, { model_type: 'deberta-v2' });
    await expect(train({ encoder })).rejects.toThrow('architecture "deberta-v2" is not supported');
    await makeTinyEncoder(encoder, { num_hidden_layers: 24, hidden_size: 1024, intermediate_size: 4096 });
    await expect(train({ encoder })).rejects.toThrow('302 million parameters, and 268 million can be trained');
    await makeTinyEncoder(encoder, { num_attention_heads: 3 });
    await expect(train({ encoder })).rejects.toThrow("3 attention heads, which 16 dimensions can't be shared among");
    await makeTinyEncoder(encoder);
    const tokenizer = JSON.parse(readFileSync(join(encoder, 'tokenizer.json'), 'utf8'));
    writeFileSync(join(encoder, 'tokenizer.json'), JSON.stringify({ ...tokenizer, post_processor: null }));
    await expect(train({ encoder })).rejects.toThrow('tokenizer.json adds no special tokens');
    await expect(train({ encoder: './nowhere' })).rejects.toThrow('there is no such folder on the disk of the worker');
    await makeTinyEncoder(encoder);
    rmSync(join(encoder, 'model.safetensors'));
    await expect(train({ encoder })).rejects.toMatchObject({ name: 'EncoderError' });
  });
});
