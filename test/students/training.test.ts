import { writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { TrainingExample } from '../../src/contracts/index.js';
import { ParityError, type Student, studentKind, TrainingRefusedError } from '../../src/students/index.js';
import type { TrainingJob } from '../../src/students/student.js';
import { measureParity, refuseMemory, runTraining } from '../../src/students/training.js';
import { likeliest, readExamples, surveyExamples } from '../../src/students/training-examples.js';
import { toyLabels, trainingJob } from './training-job.js';

const train = (job: TrainingJob) => runTraining(studentKind('linear'), job, async () => {});

function example(text: string, target: number[], validation = false): TrainingExample {
  return { text, target, validation };
}

describe('runTraining', () => {
  it('refuses examples of one label only, and names the labels that have none', async () => {
    const examples = [example('a', [0, 0.9, 0.1]), example('b', [0, 1, 0], true)];
    const refused = train(trainingJob(toyLabels, examples));
    await expect(refused).rejects.toThrow(TrainingRefusedError);
    await expect(refused).rejects.toThrow(
      'only "mild" has training examples, a student needs two labels; none for: "cold", "hot"',
    );
    await expect(refused).rejects.toMatchObject({ reason: 'labels', needed: 2, allowed: 1 });
  });

  it('refuses an empty file', async () => {
    await expect(train(trainingJob(['a', 'b'], []))).rejects.toThrow('no label has training examples');
  });

  it.each([true, false])('refuses examples that are all held out, or none of them: %s', async (validation) => {
    const refused = train(
      trainingJob(['a', 'b'], [example('x', [1, 0], validation), example('y', [0, 1], validation)]),
    );
    await expect(refused).rejects.toThrow(
      `${validation ? 2 : 0} of the 2 training examples are held out for validation`,
    );
    await expect(refused).rejects.toMatchObject({ reason: 'validation' });
  });
});

describe('refuseMemory', () => {
  it('refuses more than the machine has, whatever is allowed', () => {
    const job = trainingJob(toyLabels, [], { maxMemoryMb: Number.MAX_SAFE_INTEGER });
    const survey = { examples: 3, validation: 1, characters: 3, longest: 1, perLabel: [1, 1, 1] };
    const memory = 2 * totalmem();
    expect(() => refuseMemory(studentKind('linear'), job, survey, memory)).toThrow(
      /training on 3 texts needs about \d+ MB and this machine has \d+: train on a larger one, or lower/,
    );
  });
});

describe('readExamples', () => {
  async function read(content: string): Promise<TrainingExample[]> {
    const job = trainingJob(['a', 'b'], []);
    writeFileSync(job.examplesFile, content);
    const all: TrainingExample[] = [];
    for await (const each of readExamples(job)) all.push(each);
    return all;
  }
  const line = (each: unknown) => `${JSON.stringify(each)}\n`;

  it('reads a line at a time, whatever separators stand inside a text', async () => {
    const examples = [example('one\u2028two\n', [1, 0]), example('é'.repeat(300_000), [0, 1], true)];
    expect(await read(examples.map(line).join(''))).toEqual(examples);
  });

  it.each([
    ['is not JSON', '{"text":', 'is not JSON'],
    ['lacks a field', line({ text: 'x', target: [1, 0] }), 'validation: '],
    ['has a target of another length', line(example('x', [1])), 'target must be 2 probabilities that sum to 1'],
    ['has a target that does not sum to 1', line(example('x', [1, 1])), 'target must be 2 probabilities that sum to 1'],
    ['has a negative target', line(example('x', [1.5, -0.5])), 'target must be 2 probabilities that sum to 1'],
  ])('refuses a line that %s, by its number', async (_, bad, problem) => {
    await expect(read(line(example('fine', [1, 0])) + bad)).rejects.toThrow(
      `line 2 of the training examples: ${problem}`,
    );
  });
});

describe('surveyExamples', () => {
  it('counts examples, validation rows, characters and the likeliest labels', async () => {
    const examples = [example('ab', [0.2, 0.8]), example('🎉', [1, 0], true), example('', [0.5, 0.5])];
    expect(await surveyExamples(trainingJob(['a', 'b'], examples))).toEqual({
      examples: 3,
      validation: 1,
      characters: 4,
      longest: 2,
      perLabel: [2, 1],
    });
  });
});

describe('likeliest', () => {
  it('takes the first of equals', () => {
    expect([likeliest([0.2, 0.4, 0.4]), likeliest([0.1, 0.2, 0.7])]).toEqual([1, 2]);
  });
});

describe('measureParity', () => {
  const answering = (answers: number[][]): Student => ({
    labels: ['a', 'b'],
    predict: async () => answers,
    close: async () => {},
  });

  it('gives the largest difference of a probability', async () => {
    const student = answering([
      [0.5, 0.5],
      [0.25, 0.75],
    ]);
    const parity = await measureParity(
      student,
      ['x', 'y'],
      Float64Array.of(0.5, 0.5, 0.25 + 2 ** -15, 0.75 - 2 ** -15),
    );
    expect(parity).toEqual({ rows: 2, maxDifference: 2 ** -15 });
  });

  it('throws on a difference over 1e-4, and on answers that are no numbers', async () => {
    const expected = Float64Array.of(0.5, 0.5);
    await expect(measureParity(answering([[0.5002, 0.4998]]), ['x'], expected)).rejects.toThrow(ParityError);
    await expect(measureParity(answering([[Number.NaN, 0.5]]), ['x'], expected)).rejects.toThrow(ParityError);
  });
});
