/** A classifier in training: its present values, and the steps that change them. */
import { AdamW, type ParameterArrays } from './adamw.js';
import { microBatches, mostTokens, type StepSize } from './batches.js';
import { sizeOf } from './encoder-parameters.js';
import type { Classifier } from './inference-model.js';
import { randomNumbers } from './random.js';
import { type Batch, TrainingSession } from './training-session.js';

export interface TrainerOptions extends StepSize {
  readonly seed: number;
}

export class Trainer {
  private constructor(
    private readonly optimiser: AdamW,
    private readonly session: TrainingSession,
    private readonly options: TrainerOptions,
  ) {}

  /** Begins with the classifier's values, which stay as they are. */
  static async create(classifier: Classifier, options: TrainerOptions): Promise<Trainer> {
    const optimiser = new AdamW(
      classifier.parameters.map((parameter) => ({ ...parameter, length: sizeOf(parameter) })),
    );
    for (const [name, values] of optimiser.values) values.set(classifier.values.get(name)!);
    const { longest, seed } = options;
    const masks = { seed, texts: Math.ceil(mostTokens(options) / longest), tokens: longest };
    const working = { ...classifier, values: optimiser.values };
    return new Trainer(optimiser, await TrainingSession.create(working, optimiser.gradients, masks), options);
  }

  /** The present ones; a step changes them in place. */
  get values(): ParameterArrays {
    return this.optimiser.values;
  }

  /** Running averages of the gradients and of their squares. */
  get moments(): { readonly first: ParameterArrays; readonly second: ParameterArrays } {
    const { first, second } = this.optimiser;
    return { first, second };
  }

  /** Step number `step`, from 0, which chooses what is dropped. Returns the batch's loss, in nats. */
  async step(step: number, batch: Batch, learningRate: number): Promise<number> {
    const { microBatchTokens, seed } = this.options;
    const lengths = batch.ids.map((ids) => ids.length);
    const parts = microBatches(lengths, microBatchTokens).map((texts) => ({
      ids: texts.map((text) => batch.ids[text]!),
      targets: texts.map((text) => batch.targets[text]!),
    }));
    const loss = await this.session.run(parts, randomNumbers(seed, 'dropout', step));
    this.optimiser.update(step + 1, learningRate);
    return loss;
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
