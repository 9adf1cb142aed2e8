/** What every fine-tuning does beside its settings: chosen on inner folds of the recorded data (docs/encoders.md). */
import type { EncoderSettings } from '../../contracts/index.js';
import type { ParameterArrays } from './adamw.js';

export const RECIPE = {
  /** Share of each target that is spread evenly over the labels (Szegedy et al. 2016, arXiv:1512.00567, section 7). */
  labelSmoothing: 0.1,
  /** Steps between two weights that go into the average. */
  averageEvery: 4,
  /** Share of the steps before the first of them. */
  averageAfter: 0.5,
  /** Times that training goes over the examples where the settings leave it open, and, where those are few, steps that it takes at
   *  least and times that it goes over them at most. */
  epochs: 4,
  leastSteps: 240,
  mostEpochs: 20,
};

/** Few examples need as many steps as more do (Mosbach et al. 2021, arXiv:2006.04884; Zhang et al. 2021, arXiv:2006.05987). */
export function epochsOf(
  { batchSize, epochs }: Pick<EncoderSettings, 'batchSize' | 'epochs'>,
  examples: number,
): number {
  if (epochs !== null) return epochs;
  const enough = Math.ceil(RECIPE.leastSteps / Math.ceil(examples / batchSize));
  return Math.min(RECIPE.mostEpochs, Math.max(RECIPE.epochs, enough));
}

/** Epochs without a lower validation loss after which training stops. */
export function patienceOf({ patience }: Pick<EncoderSettings, 'patience'>, epochs: number): number {
  return patience ?? Math.ceil(epochs / 2);
}

/** The distribution with a share of it spread over all labels; it sums to what it summed to. */
export function smoothed(target: readonly number[], spread = RECIPE.labelSmoothing): number[] {
  const total = target.reduce((sum, share) => sum + share, 0);
  return target.map((share) => (1 - spread) * share + (spread * total) / target.length);
}

/** Weights that the average holds after `step` of `steps` steps: depends on nothing else, so that a resumed training knows. */
export function weightsAveraged(step: number, steps: number): number {
  const { averageEvery, averageAfter } = RECIPE;
  return Math.max(0, Math.floor(step / averageEvery) - Math.floor((averageAfter * steps) / averageEvery));
}

/** Adds the weights after `step` to their running mean when they belong to it (Izmailov et al. 2018, arXiv:1803.05407). */
export function addToAverage(average: ParameterArrays, values: ParameterArrays, step: number, steps: number): void {
  const count = weightsAveraged(step, steps);
  if (count === 0 || step % RECIPE.averageEvery !== 0) return;
  for (const [name, mean] of average) {
    const latest = values.get(name)!;
    for (let i = 0; i < mean.length; i++) mean[i]! += (latest[i]! - mean[i]!) / count;
  }
}
