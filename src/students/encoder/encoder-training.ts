/** A student from a pretrained encoder: tokenises, fits the classifier on top or the whole, calibrates, exports, and
 *  compares the export with the original. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { EncoderSettings, FrozenSettings } from '../../contracts/index.js';
import type { ProgressListener, Student, TrainedStudent, TrainingJob } from '../student.js';
import { writeValidationAnswers } from '../student-folder.js';
import { measureParity, PARITY_ROWS } from '../training.js';
import { likeliest } from '../training-examples.js';
import { bestTemperature, calibrationError, type Judged } from './calibration.js';
import type { CheckpointOptions } from './checkpoint.js';
import type { EncodedExamples, PreparedExamples } from './encoder-examples.js';
import { exportEncoder } from './encoder-export.js';
import { WEIGHTS_FILE } from './encoder-folder.js';
import { readLicence } from './encoder-licence.js';
import { fitEncoder } from './fit.js';
import { fitHead } from './fit-head.js';
import type { Classifier } from './inference-model.js';
import { equalShare, type GateOutcome, quantise } from './parity-gate.js';
import { RECIPE } from './recipe.js';
import { runModel } from './run-model.js';
import { startingClassifier, withWholeVocabulary } from './starting-classifier.js';

type AnySettings = EncoderSettings | FrozenSettings;

export interface EncoderTraining<Settings extends AnySettings> extends PreparedExamples<Settings> {
  readonly onProgress: ProgressListener;
  /** Opens the export for the parity check. */
  readonly load: (folder: string) => Promise<Student>;
  /** At least, between two checkpoints. */
  readonly checkpointEveryMs?: number;
}

/** What fitting came to; the classifier holds the chosen weights. */
interface Fitted {
  /** Figures of every candidate, and which of them was chosen. */
  readonly candidates: readonly Readonly<Record<string, number>>[];
  readonly chosen: number;
  /** The chosen one's answers to the validation rows. */
  readonly validation: Judged;
}

type FitClassifier = (classifier: Classifier, examples: EncodedExamples) => Promise<Fitted>;

const CHECKPOINT_EVERY_MS = 60_000;

/** Fine-tunes the encoder as a whole. Throws EncoderError, ExampleError or ParityError. */
export async function trainEncoder(training: EncoderTraining<EncoderSettings>): Promise<TrainedStudent> {
  const { job, onProgress } = training;
  return train(training, async (classifier, examples) => {
    const { labels, settings, seed } = job;
    const checkpoints = await checkpointsOf(training);
    const fit = await fitEncoder(classifier, examples, { labels, settings, seed, onProgress, checkpoints });
    return {
      candidates: fit.epochs.map((figures) => ({ ...figures })),
      chosen: fit.bestEpoch - 1,
      validation: fit.validation,
    };
  });
}

/** Fits a classifier on the encoder as it is. Throws EncoderError, ExampleError or ParityError. */
export async function trainFrozen(training: EncoderTraining<FrozenSettings>): Promise<TrainedStudent> {
  const { job, onProgress } = training;
  return train(training, async (classifier, examples) => {
    const { strengths } = job.settings;
    return fitHead(classifier, examples, { strengths, onProgress, checkpoints: await checkpointsOf(training) });
  });
}

async function checkpointsOf({
  checkpointEveryMs = CHECKPOINT_EVERY_MS,
  encoderFolder,
  job,
}: EncoderTraining<AnySettings>): Promise<CheckpointOptions | null> {
  const { checkpointFolder: folder } = job;
  return folder === undefined ? null : { folder, job: await identify(job, encoderFolder), everyMs: checkpointEveryMs };
}

async function train(
  { job, encoderFolder, examples, load, onProgress, reading }: EncoderTraining<AnySettings>,
  fitClassifier: FitClassifier,
): Promise<TrainedStudent> {
  const started = performance.now();
  const { vocabulary } = examples;
  const classifier = await startingClassifier(encoderFolder, vocabulary, { labels: job.labels.length, seed: job.seed });
  const fit = await fitClassifier(classifier, examples);

  const temperature = bestTemperature(fit.validation);
  scaleLogits(classifier, 1 / temperature);
  await onProgress({ phase: 'export', done: 0.98 });
  const whole = await withWholeVocabulary(classifier, encoderFolder, vocabulary);
  const to = job.outputFolder;
  await exportEncoder(whole, { from: encoderFolder, to, labels: job.labels, reading });
  const { texts, targets } = examples.validation;
  const parity = await compareExport(to, texts.slice(0, PARITY_ROWS), fit.validation.logits, temperature, load);
  const ids = examples.validation.ids.map((tokens) => tokens.map((row) => examples.vocabulary[row]!));
  const rows = { texts, ids, targets: targets.map(likeliest), answers: fit.validation.logits.map(likeliest) };
  const int8 = job.settings.quantise ? await quantise(whole, to, rows, { load, run: runModel }) : null;
  const answers = int8?.answers ?? rows.answers;
  await writeValidationAnswers(to, answers);
  const chosen = {
    ...chosenFigures(fit, examples, temperature),
    maxLength: reading.maxLength,
    ...(int8 === null ? {} : int8Figures(int8)),
  };
  return {
    kind: job.kind,
    trainSeconds: (performance.now() - started) / 1000,
    encoderLicence: await readLicence(encoderFolder),
    examples: examples.fitting.ids.length,
    // Of the model that answers, which is the INT8 one where there is one.
    validation: { rows: texts.length, agreement: equalShare(answers, rows.targets) },
    chosen,
    candidates: fit.candidates.map((figures, index) => (index === fit.chosen ? { ...figures, ...chosen } : figures)),
    parity,
  };
}

async function compareExport(
  folder: string,
  texts: readonly string[],
  logits: Judged['logits'],
  temperature: number,
  load: (folder: string) => Promise<Student>,
): Promise<TrainedStudent['parity']> {
  const student = await load(folder);
  try {
    return await measureParity(student, texts, probabilities(logits.slice(0, texts.length), temperature));
  } finally {
    await student.close();
  }
}

/** Logits are linear in the head, so it can carry the temperature: every reader of the files gets calibrated answers. */
function scaleLogits({ values }: Classifier, factor: number): void {
  for (const name of ['classifier.weight', 'classifier.bias']) {
    const numbers = values.get(name)!;
    for (let i = 0; i < numbers.length; i++) numbers[i]! *= factor;
  }
}

function chosenFigures(
  { candidates, chosen, validation: judged }: Fitted,
  { cut, fitting, validation }: EncodedExamples,
  temperature: number,
) {
  const { agreement: _agreement, trainingLoss: _trainingLoss, ...figures } = candidates[chosen]!;
  return {
    ...figures,
    temperature,
    calibrationErrorBefore: calibrationError(judged),
    calibrationErrorAfter: calibrationError(judged, temperature),
    cutShare: cut / (fitting.ids.length + validation.ids.length),
  };
}

function int8Figures({ passed, agreement, layersInFloat }: GateOutcome) {
  return { int8: passed ? 1 : 0, int8Agreement: agreement, int8LayersInFloat: layersInFloat };
}

/** softmax(logits / temperature), row-major. */
function probabilities(logits: Judged['logits'], temperature: number): Float64Array {
  return Float64Array.from(
    logits.flatMap((row) => {
      const largest = Math.max(...row);
      const powers = row.map((logit) => Math.exp((logit - largest) / temperature));
      const total = powers.reduce((sum, power) => sum + power, 0);
      return powers.map((power) => power / total);
    }),
  );
}

/** Hash of all that decides what the training gives. */
async function identify(job: TrainingJob<AnySettings>, encoderFolder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [job.examplesFile, join(encoderFolder, WEIGHTS_FILE)]) {
    for await (const piece of createReadStream(file)) hash.update(piece);
  }
  const { labels, settings, seed } = job;
  return hash.update(JSON.stringify({ labels, settings, seed, recipe: RECIPE })).digest('hex');
}
