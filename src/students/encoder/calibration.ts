/** How well probabilities tell the share of right answers, and the temperature that mends it (Guo et al. 2017,
 *  arXiv:1706.04599). */
import { likeliest } from '../training-examples.js';
import { smoothed } from './recipe.js';

/** Row by row; targets are probabilities. */
export interface Judged {
  readonly logits: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
}

/** Mean cross-entropy to the targets, in nats, of softmax(logits / temperature). */
export function logLoss({ logits, targets }: Judged, temperature = 1): number {
  let sum = 0;
  for (const [row, target] of targets.entries()) {
    const scaled = logits[row]!.map((logit) => logit / temperature);
    const total = logSumExp(scaled);
    for (const [label, share] of target.entries()) sum -= share * (scaled[label]! - total);
  }
  return sum / targets.length;
}

/** The temperature with the lowest log loss, between 0.05 and 20: by golden section over its logarithm, in which the loss
 *  has one minimum. A share of each target is spread over all labels, 1 / (rows + 2) as Platt does ("Probabilistic outputs for support
 *  vector machines", 1999, section 2.2): where all of a few rows are right, the loss alone would have every answer sure for ever. */
export function bestTemperature({ logits, targets }: Judged): number {
  const spread = 1 / (targets.length + 2);
  const judged = { logits, targets: targets.map((target) => smoothed(target, spread)) };
  let [low, high] = [Math.log(0.05), Math.log(20)];
  const lossAt = (logarithm: number) => logLoss(judged, Math.exp(logarithm));
  while (high - low > 1e-4) {
    const [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (lossAt(left) < lossAt(right)) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}

/** Expected calibration error: the mean difference between the confidence and the share of right answers in ten equal
 *  bins of confidence, weighted by their rows. Right is what the target holds likeliest. */
export function calibrationError({ logits, targets }: Judged, temperature = 1): number {
  const bins = Array.from({ length: BINS }, () => ({ confidence: 0, right: 0 }));
  for (const [row, target] of targets.entries()) {
    const scaled = logits[row]!.map((logit) => logit / temperature);
    const confidence = Math.exp(Math.max(...scaled) - logSumExp(scaled));
    const bin = bins[Math.min(BINS - 1, Math.floor(confidence * BINS))]!;
    bin.confidence += confidence;
    if (likeliest(scaled) === likeliest(target)) bin.right++;
  }
  return bins.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0) / targets.length;
}

/** Share of rows whose likeliest label is the target's. */
export function agreement({ logits, targets }: Judged): number {
  return targets.filter((target, row) => likeliest(logits[row]!) === likeliest(target)).length / targets.length;
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;
const BINS = 10;

function logSumExp(numbers: readonly number[]): number {
  const largest = Math.max(...numbers);
  return largest + Math.log(numbers.reduce((sum, x) => sum + Math.exp(x - largest), 0));
}
