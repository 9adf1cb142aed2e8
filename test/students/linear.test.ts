import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainingExample } from '../../src/contracts/index.js';
import { type Student, studentKind, trainInProcess } from '../../src/students/index.js';
import { describeStudentKind } from './conformance.js';
import oracle from './fixtures/linear-oracle.json' with { type: 'json' };
import { toyExamples, toyLabels, trainingJob } from './training-job.js';

describeStudentKind({ kind: 'linear' });

const linear = studentKind('linear');
const quiet = { onProgress: () => {} };

describe('the linear student', () => {
  const labels = ['bad', 'fine', 'good'];
  const { texts, soft, heldOut, probabilities } = oracle.corpus;
  const corpus: TrainingExample[] = texts.map((text, row) => ({ text, target: soft[row]!, validation: row % 4 === 0 }));

  it.each(probabilities)("gives scikit-learn's probabilities with $targets targets at C = $C", async (expected) => {
    const settings = { targets: expected.targets as 'soft' | 'hard', strengths: [expected.C], buckets: 2 ** 22 };
    const job = trainingJob(labels, corpus, settings);
    await trainInProcess(job, quiet);
    const student = await linear.load(job.outputFolder);
    try {
      const answers = (await student.predict(heldOut)).flat();
      const differences = expected.heldOut.flat().map((other, i) => Math.abs(answers[i]! - other));
      // What stopping 1e-8 nats above the minimum leaves; the optimiser's own test is stricter.
      expect(Math.max(...differences)).toBeLessThan(5e-4);
    } finally {
      await student.close();
    }
  });

  it('chooses the strength with the lowest log loss and shows all, the strongest regularisation first', async () => {
    const trained = await trainInProcess(trainingJob(toyLabels, toyExamples(60), { strengths: [3, 0.01, 100] }), quiet);
    expect(trained.candidates.map(({ C }) => C)).toEqual([0.01, 3, 100]);
    const losses = trained.candidates.map(({ logLoss }) => logLoss!);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(trained.chosen).toEqual({ C: 100 });
  });

  it('prefers the stronger regularisation when the log losses are equal', async () => {
    // Nothing tells the labels apart, so that all C leave the weights at 0.
    const alike = [0, 1, 2, 3].map((i) => ({ text: 'same', target: i % 2 === 0 ? [1, 0] : [0, 1], validation: i > 1 }));
    const trained = await trainInProcess(trainingJob(['a', 'b'], alike, { strengths: [10, 1] }), quiet);
    expect(trained.candidates.map(({ logLoss }) => logLoss)).toEqual([Math.LN2, Math.LN2]);
    expect(trained.chosen).toEqual({ C: 1 });
  });

  it('exports weights for at most as many n-grams as there are buckets', async () => {
    // 2000 words that no two texts share, and the words of the toy task.
    const examples = toyExamples(100).map((example, i) => ({
      ...example,
      text: `${example.text} ${Array.from({ length: 20 }, (_, word) => `${i}x${word}`).join(' ')}`,
    }));
    const known: number[] = [];
    for (const buckets of [1024, 2 ** 18]) {
      const job = trainingJob(toyLabels, examples, { buckets, strengths: [1] });
      await trainInProcess(job, quiet);
      const { blocks } = JSON.parse(readFileSync(join(job.outputFolder, 'features.json'), 'utf8'));
      known.push(blocks[0].known);
      const student = await linear.load(job.outputFolder);
      try {
        const [answer] = await student.predict(['a blazing desert']);
        expect(answer!.indexOf(Math.max(...answer!))).toBe(2);
      } finally {
        await student.close();
      }
    }
    expect(known[0]).toBeGreaterThan(0);
    expect(known[0]).toBeLessThanOrEqual(512);
    expect(known[1]).toBeGreaterThan(2000);
  });

  it('needs bytes in proportion to labels times buckets where there is much text', async () => {
    const job = trainingJob(toyLabels, [], { buckets: 2 ** 20 });
    const twice = { ...job, labels: [...toyLabels, ...toyLabels] };
    const survey = { examples: 0, validation: 0, characters: 2 ** 22, longest: 2 ** 22, perLabel: [] };
    const growth = (await linear.prepare(twice, survey)).memory - (await linear.prepare(job, survey)).memory;
    // 3 more labels × 2²⁰ buckets (and the bias) × 8 bytes × 23 vectors.
    expect(growth).toBe(3 * (2 ** 20 + 1) * 8 * 23);
  });
});

describe("a linear student's damaged folder", () => {
  const job = trainingJob(toyLabels, toyExamples(60), { strengths: [1] });
  beforeAll(() => trainInProcess(job, quiet));

  /** Loads with one file replaced, and puts the file back. */
  async function loadWith(name: string, change: (old: Buffer) => string | Uint8Array): Promise<Student> {
    const path = join(job.outputFolder, name);
    const old = readFileSync(path);
    writeFileSync(path, change(old));
    try {
      return await linear.load(job.outputFolder);
    } finally {
      writeFileSync(path, old);
    }
  }

  it('is refused when features.bin is cut short', async () => {
    await expect(loadWith('features.bin', (old) => old.subarray(4))).rejects.toThrow(
      /features\.bin has \d+ bytes, features\.json tells \d+/,
    );
  });

  it('is refused when features.json names another hash', async () => {
    const change = (old: Buffer) => old.toString('utf8').replace('MurmurHash3_x86_32', 'FNV-1a');
    await expect(loadWith('features.json', change)).rejects.toThrow('features.json: hash');
  });

  it('is refused when model.onnx is no model', async () => {
    await expect(loadWith('model.onnx', () => 'nonsense')).rejects.toThrow("model.onnx can't be loaded");
  });

  it('is refused when config.json skips a label', async () => {
    const change = (old: Buffer) => old.toString('utf8').replace('"1": "mild"', '"3": "mild"');
    await expect(loadWith('config.json', change)).rejects.toThrow(
      'id2label in config.json must name two or more labels',
    );
  });
});
