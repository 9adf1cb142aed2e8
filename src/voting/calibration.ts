/** How often a label is right by the share of the votes that it got, learnt from labels that people looked at. */

/** A label that a person judged without having seen it. */
export interface JudgedLabel {
  /** Its share of the posterior, 0 to 1. */
  readonly share: number;
  /** Votes that could be read. */
  readonly votes: number;
  readonly right: boolean;
}

/** logit P(right) = intercept + slope · logit of the smoothed share. */
export interface ShareCalibration {
  readonly intercept: number;
  readonly slope: number;
  /** Labels that it was learnt from. */
  readonly judged: number;
}

/** Judged labels, and right and wrong ones among them, below which nothing can be learnt. */
export const LEAST_JUDGED = 50;
export const LEAST_OF_EACH = 5;

/**
 * Platt scaling (Platt 1999, "Probabilistic outputs for support vector machines"): samples of one model err alike, so shares of
 * their votes are no probabilities. Penalised likelihood (ridge of 1/2 on the slope squared) by Newton's method. null: too few
 * labels were judged, or too few were right or wrong.
 */
export function calibrateShares(labels: readonly JudgedLabel[]): ShareCalibration | null {
  const right = labels.filter((label) => label.right).length;
  if (labels.length < LEAST_JUDGED || Math.min(right, labels.length - right) < LEAST_OF_EACH) return null;
  let [intercept, slope] = [0, 0];
  for (let step = 0; step < MOST_STEPS; step++) {
    let [gradientA, gradientB, aa, ab, bb] = [0, -slope, 0, 0, 1];
    for (const label of labels) {
      const x = smoothedLogit(label);
      const p = sigmoid(intercept + slope * x);
      const [error, weight] = [Number(label.right) - p, p * (1 - p)];
      gradientA += error;
      gradientB += error * x;
      aa += weight;
      ab += weight * x;
      bb += weight * x * x;
    }
    const determinant = aa * bb - ab * ab;
    const [changeA, changeB] = [
      (bb * gradientA - ab * gradientB) / determinant,
      (aa * gradientB - ab * gradientA) / determinant,
    ];
    intercept += changeA;
    slope += changeB;
    if (Math.abs(changeA) + Math.abs(changeB) < TOLERANCE) break;
  }
  return { intercept, slope, judged: labels.length };
}

/** Probability that a label with this share of so many votes is right. */
export function chanceOfRight({ intercept, slope }: ShareCalibration, label: Omit<JudgedLabel, 'right'>): number {
  return sigmoid(intercept + slope * smoothedLogit(label));
}

/** The soft label with the calibrated probability for its label. The rest goes to the others as they shared it, or evenly where
 *  none of them got any. Probabilities in the order of the labels sum to 1. */
export function calibratedDistribution(
  distribution: Readonly<Record<string, number>>,
  { chance, label, labels }: { chance: number; label: string; labels: readonly string[] },
): Record<string, number> {
  const others = labels.filter((each) => each !== label);
  const rest = others.reduce((sum, each) => sum + (distribution[each] ?? 0), 0);
  const shareOf = (each: string) => (rest > 0 ? (distribution[each] ?? 0) / rest : 1 / others.length);
  return Object.fromEntries(
    labels.flatMap((each) => {
      const share = each === label ? chance : (1 - chance) * shareOf(each);
      return share === 0 ? [] : [[each, share]];
    }),
  );
}

const MOST_STEPS = 100;
const TOLERANCE = 1e-12;

/** Half a vote for and half a vote against keep unanimous votes finite, and make more of them count for more. */
function smoothedLogit({ share, votes }: Omit<JudgedLabel, 'right'>): number {
  return Math.log((share * votes + 0.5) / ((1 - share) * votes + 0.5));
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
