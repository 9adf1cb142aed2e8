/** The training loop: epochs of steps, a look at the validation rows after each, the best epoch restored at the end. */
import type { EncoderSettings } from '../../contracts/index.js';
import type { ProgressListener } from '../student.js';
import { TrainingDivergedError } from '../student-errors.js';
import { learningRateAt, type ParameterArrays } from './adamw.js';
import { epochBatches, microBatches } from './batches.js';
import { agreement, type Judged, logLoss } from './calibration.js';
import { type CheckpointOptions, Checkpoints, type EpochFigures, TrainingState } from './checkpoint.js';
import type { EncodedExamples, EncodedTexts } from './encoder-examples.js';
import type { Classifier } from './inference-model.js';
import { lossTargets } from './loss-targets.js';
import { randomNumbers } from './random.js';
import { addToAverage, epochsOf, patienceOf, weightsAveraged } from './recipe.js';
import { Trainer } from './trainer.js';
import { EvaluationSession } from './training-session.js';

export interface FitOptions {
  readonly labels: readonly string[];
  readonly settings: EncoderSettings;
  readonly seed: number;
  readonly onProgress: ProgressListener;
  /** The end of an epoch always leaves one. */
  readonly checkpoints: CheckpointOptions | null;
}

export interface Fit {
  readonly epochs: readonly EpochFigures[];
  readonly bestEpoch: number;
  /** The best epoch's answers to the validation rows. */
  readonly validation: Judged;
}

/** Trains the classifier's values in place and leaves the best epoch's. */
export async function fitEncoder(classifier: Classifier, examples: EncodedExamples, options: FitOptions): Promise<Fit> {
  const { seed, settings } = options;
  const { batchSize, microBatchTokens } = settings;
  const longest = examples.fitting.ids.reduce((most, ids) => Math.max(most, ids.length), 0);
  const trainer = await Trainer.create(classifier, { seed, batchSize, microBatchTokens, longest });
  try {
    return await new Fitting(classifier, examples, options, trainer).run();
  } finally {
    await trainer.release();
  }
}

/** Steps whose mean loss and speed progress tells. */
const RECENT_STEPS = 20;
const PHASE = 'fine-tuning';

class Fitting {
  private readonly epochs: number;
  private readonly stepsPerEpoch: number;
  private readonly steps: number;
  private readonly recent: { loss: number; texts: number; ms: number }[] = [];
  private state: TrainingState = { step: 0, lossSum: 0, epochs: [], bestEpoch: 0 };
  private readonly checkpoints: Checkpoints<TrainingState>;
  private readonly targets: readonly number[][];
  /** Mean of the weights of the second half. */
  private readonly average: ParameterArrays;

  constructor(
    /** Its values are those of the best epoch so far; the trainer holds the present ones. */
    private readonly classifier: Classifier,
    private readonly examples: EncodedExamples,
    private readonly options: FitOptions,
    private readonly trainer: Trainer,
  ) {
    this.checkpoints = new Checkpoints(options.checkpoints, TrainingState);
    this.targets = lossTargets(examples.fitting, options.settings.classWeights, options.labels);
    this.average = new Map([...classifier.values].map(([name, values]) => [name, new Float32Array(values.length)]));
    const texts = examples.fitting.ids.length;
    this.epochs = epochsOf(options.settings, texts);
    this.stepsPerEpoch = Math.ceil(texts / options.settings.batchSize);
    this.steps = this.stepsPerEpoch * this.epochs;
  }

  async run(): Promise<Fit> {
    this.state = (await this.checkpoints.restore(this.arrays())) ?? this.state;
    while (this.state.epochs.length < this.epochs && !this.outOfPatience()) await this.epoch();
    const { epochs, bestEpoch } = this.state;
    return { epochs, bestEpoch, validation: await this.judge(this.examples.validation, this.classifier.values) };
  }

  private async epoch(): Promise<void> {
    const { fitting, validation } = this.examples;
    const { settings, seed } = this.options;
    const epoch = this.state.epochs.length + 1;
    const lengths = fitting.ids.map((ids) => ids.length);
    const batches = epochBatches(lengths, settings.batchSize, randomNumbers(seed, 'batches', epoch));
    for (const rows of batches.slice(this.state.step - (epoch - 1) * this.stepsPerEpoch)) {
      await this.step(rows);
      await this.options.onProgress(this.progress());
      await this.checkpoints.save(this.state, this.arrays());
    }
    const weights = weightsAveraged(this.state.step, this.steps) > 0 ? this.average : this.trainer.values;
    const judged = await this.judge(validation, weights);
    const trainingLoss = this.state.lossSum / this.stepsPerEpoch;
    this.endEpoch({ epoch, trainingLoss, logLoss: logLoss(judged), agreement: agreement(judged) }, weights);
    await this.checkpoints.saveNow(this.state, this.arrays());
  }

  private async step(rows: readonly number[]): Promise<void> {
    const { ids } = this.examples.fitting;
    const { step } = this.state;
    const started = performance.now();
    const batch = {
      ids: rows.map((row) => ids[row]!),
      targets: rows.map((row) => this.targets[row]!.map((share) => share / rows.length)),
    };
    const rate = learningRateAt(step, this.steps, this.options.settings.learningRate);
    const loss = await this.trainer.step(step, batch, rate);
    if (!Number.isFinite(loss)) throw new TrainingDivergedError(step + 1, this.options.settings.learningRate);
    addToAverage(this.average, this.trainer.values, step + 1, this.steps);
    this.state = { ...this.state, step: step + 1, lossSum: this.state.lossSum + loss };
    this.recent.push({ loss, texts: rows.length, ms: performance.now() - started });
    if (this.recent.length > RECENT_STEPS) this.recent.shift();
  }

  private endEpoch(figures: EpochFigures, weights: ParameterArrays): void {
    const before = this.state.epochs[this.state.bestEpoch - 1];
    const better = before === undefined || figures.logLoss < before.logLoss;
    if (better) for (const [name, best] of this.classifier.values) best.set(weights.get(name)!);
    const bestEpoch = better ? figures.epoch : this.state.bestEpoch;
    this.state = { ...this.state, lossSum: 0, epochs: [...this.state.epochs, figures], bestEpoch };
  }

  private outOfPatience(): boolean {
    const { epochs, bestEpoch } = this.state;
    return epochs.length - bestEpoch >= patienceOf(this.options.settings, this.epochs);
  }

  /** Its session lives no longer: beside the training's it would hold memory for nothing. */
  private async judge({ ids, targets }: EncodedTexts, values: ParameterArrays): Promise<Judged> {
    const { labels } = this.classifier;
    const logits: number[][] = [];
    const lengths = ids.map((text) => text.length);
    const evaluation = await EvaluationSession.create({ ...this.classifier, values });
    try {
      for (const rows of microBatches(lengths, this.options.settings.microBatchTokens)) {
        const answers = await evaluation.logits(rows.map((row) => ids[row]!));
        for (const [index, row] of rows.entries()) {
          logits[row] = Array.from(answers.subarray(index * labels, (index + 1) * labels));
        }
      }
    } finally {
      await evaluation.release();
    }
    return { logits, targets };
  }

  private progress() {
    const sum = (of: (step: (typeof this.recent)[number]) => number) => this.recent.reduce((s, x) => s + of(x), 0);
    const msPerStep = sum(({ ms }) => ms) / this.recent.length;
    const { step } = this.state;
    return {
      phase: this.checkpoints.phase(PHASE),
      done: (DONE_BY_FITTING * step) / this.steps,
      steps: {
        done: step,
        of: this.steps,
        loss: sum(({ loss }) => loss) / this.recent.length,
        examplesPerSecond: (1000 * sum(({ texts }) => texts)) / sum(({ ms }) => ms),
        secondsLeft: ((this.steps - step) * msPerStep) / 1000,
      },
    };
  }

  /** All that a step changes, by the names of the checkpoint. */
  private arrays(): Map<string, Float32Array> {
    const arrays = new Map<string, Float32Array>();
    const { values, moments } = this.trainer;
    const { average } = this;
    for (const [kind, of] of Object.entries({ values, ...moments, average, best: this.classifier.values })) {
      for (const [name, array] of of) arrays.set(`${name} ${kind}`, array);
    }
    return arrays;
  }
}

const DONE_BY_FITTING = 0.97;
