/** What every kind's training shares: refusing what can't be trained, and comparing the export with the original. */
import { totalmem } from 'node:os';
import { counted, inNumber } from '../contracts/index.js';
import { peakMemoryMb } from './peak-memory.js';
import { SpentTime } from './spent-time.js';
import type { ProgressListener, Student, StudentKind, TrainedStudent, TrainingJob } from './student.js';
import { ParityError, TrainingRefusedError } from './student-errors.js';
import { type ExampleSurvey, surveyExamples } from './training-examples.js';

/** Rows that the exported student is compared on, at most. */
export const PARITY_ROWS = 500;
/** Difference of a probability that float32 arithmetic explains. */
export const ALLOWED_DIFFERENCE = 1e-4;

/** Trains in this process. Throws TrainingRefusedError, ExampleError or ParityError. */
export async function runTraining(
  kind: StudentKind,
  job: TrainingJob,
  onProgress: ProgressListener,
): Promise<TrainedStudent> {
  const spent = await SpentTime.begin(job.checkpointFolder);
  await onProgress({ phase: 'reading', done: 0 });
  const survey = await surveyExamples(job);
  refuseMissingExamples(job, survey);
  const prepared = await kind.prepare(job, survey);
  const stated = refuseMemory(kind, job, survey, prepared.memory);
  await onProgress({ phase: `starting, about ${stated} MB needed`, done: 0 });
  const trained = await prepared.train(async (progress) => {
    await spent.note();
    await onProgress(progress);
  });
  const { cpuSeconds } = spent.total();
  return {
    ...trained,
    trainSeconds: spent.before.seconds + trained.trainSeconds,
    cpuSeconds,
    memoryMb: { stated, peak: peakMemoryMb() },
  };
}

/** Asks the exported student the same texts. `expected` are the trained model's probabilities [texts][labels]. */
export async function measureParity(
  student: Student,
  texts: readonly string[],
  expected: Float64Array,
): Promise<TrainedStudent['parity']> {
  const answers = await student.predict(texts);
  const labels = student.labels.length;
  let maxDifference = 0;
  for (const [row, probabilities] of answers.entries()) {
    for (const [label, probability] of probabilities.entries()) {
      maxDifference = Math.max(maxDifference, Math.abs(probability - expected[row * labels + label]!));
    }
  }
  // Negated, so that NaN fails too.
  if (!(maxDifference <= ALLOWED_DIFFERENCE)) throw new ParityError(texts.length, maxDifference, ALLOWED_DIFFERENCE);
  return { rows: texts.length, maxDifference };
}

function refuseMissingExamples(job: TrainingJob, survey: ExampleSurvey): void {
  refuseSingleLabel(job, survey);
  const { validation, examples } = survey;
  if (validation === 0 || validation === examples) {
    throw new TrainingRefusedError(
      `${validation} of the ${counted(examples, 'training example')} ${inNumber(validation, 'is', 'are')} held out for validation, and both parts need some: ` +
        'label more texts, or change evaluation.validationShare',
      'validation',
      1,
      0,
    );
  }
}

/** Throws TrainingRefusedError. */
export function refuseSingleLabel(job: TrainingJob, { perLabel }: ExampleSurvey): void {
  const learnable = job.labels.filter((_, label) => perLabel[label]! > 0);
  if (learnable.length < 2) {
    const missing = job.labels.filter((_, label) => perLabel[label] === 0);
    throw new TrainingRefusedError(
      `${learnable.length === 0 ? 'no label has' : `only "${learnable[0]}" has`} training examples, a student needs two ` +
        `labels; none for: ${missing.map((label) => `"${label}"`).join(', ')}. Label more texts, or correct some at the labels gate`,
      'labels',
      2,
      learnable.length,
    );
  }
}

/** Returns the MiB that training is thought to need. Throws TrainingRefusedError. */
export function refuseMemory(kind: StudentKind, job: TrainingJob, survey: ExampleSurvey, bytes: number): number {
  const needed = Math.ceil(bytes / 2 ** 20);
  const allowed = job.settings.maxMemoryMb;
  const there = machineMemoryMb();
  if (needed > there) {
    throw new TrainingRefusedError(
      `training on ${counted(survey.examples, 'text')} needs about ${needed} MB and this machine has ${there}: ` +
        `train on a larger one, or lower ${kind.memorySettings(job)}`,
      'memory',
      needed,
      there,
    );
  }
  if (needed <= allowed) return needed;
  throw new TrainingRefusedError(
    `training on ${counted(survey.examples, 'text')} needs about ${needed} MB and student.maxMemoryMb is ${allowed}: ` +
      `raise it, or lower ${kind.memorySettings(job)}`,
    'memory',
    needed,
    allowed,
  );
}

/** What there is for all processes, or for those of the container. */
function machineMemoryMb(): number {
  // 0 or more than there is: it has no limit.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.floor(Math.min(totalmem(), limit) / 2 ** 20);
}
