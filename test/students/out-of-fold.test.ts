import type { TrainingExample } from '../../src/contracts/index.js';
import { predictOutOfFoldInProcess, TrainingRefusedError } from '../../src/students/index.js';
import { holdOutOf } from '../../src/students/out-of-fold.js';
import { likeliest } from '../../src/students/training-examples.js';
import { toyExamples, toyLabels, trainingJob } from './training-job.js';

const quiet = { onProgress: () => {} };

async function predicted(examples: readonly TrainingExample[]): Promise<number[][]> {
  const answers: number[][] = [];
  for await (const answer of predictOutOfFoldInProcess(trainingJob(toyLabels, examples), quiet)) answers.push(answer);
  return answers;
}

describe('predictOutOfFoldInProcess', () => {
  it('answers every example in its order, and sees through a label that the others contradict', async () => {
    const examples = toyExamples(120);
    const [truth, wrong] = [likeliest(examples[7]!.target), (likeliest(examples[7]!.target) + 1) % 3];
    examples[7] = { ...examples[7]!, target: [0, 1, 2].map((label) => (label === wrong ? 1 : 0)) };
    const answers = await predicted(examples);
    expect(answers).toHaveLength(120);
    for (const answer of answers) expect(answer.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(likeliest(answers[7]!)).toBe(truth);
  });

  it('has not seen the example: its own label changes the answers about others only', async () => {
    const examples = toyExamples(60);
    const before = await predicted(examples);
    examples[7] = { ...examples[7]!, target: [1, 0, 0] };
    const relabelled = await predicted(examples);
    expect(examples[7].target).not.toEqual(toyExamples(60)[7]!.target);
    expect(relabelled[7]).toEqual(before[7]);
    expect(relabelled[8]).not.toEqual(before[8]);
  });

  it('fits thirty times, and five times where a fit takes long', () => {
    expect([19_999, 20_000].map(holdOutOf)).toEqual([
      { folds: 10, divisions: 3 },
      { folds: 5, divisions: 1 },
    ]);
  });

  it('refuses examples of one label', async () => {
    const same = toyExamples(30).map((example) => ({ ...example, target: [1, 0, 0] }));
    await expect(predicted(same)).rejects.toThrow(TrainingRefusedError);
  });
});
