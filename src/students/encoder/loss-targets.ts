/** What the loss of a training is to: smoothed targets, weighted by label and by text. */
import type { EncoderSettings } from '../../contracts/index.js';
import type { EncodedTexts } from './encoder-examples.js';
import { smoothed } from './recipe.js';

/** Row by row: cross-entropy to them is the text's loss, whose mean over a batch is the batch's, as torch.nn.CrossEntropyLoss
 *  with `weight` and `label_smoothing` has it for probabilities. Weights of texts are scaled to a mean of 1. */
export function lossTargets(
  { targets, weights }: EncodedTexts,
  classWeights: EncoderSettings['classWeights'],
  labels: readonly string[],
): number[][] {
  const ofLabels = labelWeights(targets, classWeights, labels);
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return targets.map((target, row) =>
    smoothed(target).map((share, label) => (share * ofLabels[label]! * weights[row]!) / mean),
  );
}

/** One a label. balanced: by which all labels together have the same weight, as scikit-learn's class_weight="balanced"; a label
 *  that no text has counts 1. */
function labelWeights(
  targets: readonly (readonly number[])[],
  setting: EncoderSettings['classWeights'],
  labels: readonly string[],
): number[] {
  if (setting === 'none') return labels.map(() => 1);
  if (setting !== 'balanced') {
    const byHand = new Map(Object.entries(setting));
    return labels.map((label) => byHand.get(label) ?? 1);
  }
  return labels.map((_, label) => {
    const share = targets.reduce((sum, target) => sum + target[label]!, 0) / targets.length;
    return share === 0 ? 1 : 1 / (labels.length * share);
  });
}
