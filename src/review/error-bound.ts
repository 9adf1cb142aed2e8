/** How many of the labels are wrong at most, from a random sample of them drawn without replacement. */

export interface AuditCounts {
  /** Labels that the sample was drawn from. */
  readonly population: number;
  /** Labels that were looked at, in their random order. */
  readonly sampled: number;
  /** Those of them that were wrong. */
  readonly wrong: number;
}

/**
 * Most wrong labels in the whole population, sampled ones included, with the given confidence (0.95). It holds for a
 * finite population, and however often people look and stop: the chance that any of the bounds, one after each label
 * looked at, lies below the truth is at most 1 - confidence.
 *
 * A hypergeometric confidence sequence after Waudby-Smith and Ramdas, "Confidence sequences for sampling without
 * replacement", NeurIPS 2020 (section 2, prior-posterior ratio). To bound from above, each number of wrong labels m is
 * tested against the smaller ones only: the likelihood ratio of their mixture, under a beta-binomial prior cut off at m, to
 * m is a martingale that starts at 1 where m is true, and Ville's inequality bounds the chance that it ever reaches
 * 1 / (1 - confidence). Time linear in the population at worst, as a rule in few times the bound. Throws RangeError for counts
 * that can't be.
 */
export function mostWrong({ population, sampled, wrong }: AuditCounts, confidence: number): number {
  if (!(wrong >= 0 && wrong <= sampled && sampled <= population)) {
    throw new RangeError(`${wrong} wrong of ${sampled} labels sampled from ${population} can't be`);
  }
  const threshold = -Math.log(1 - confidence);
  let logPrior = 0;
  let priorBelow = Number.NEGATIVE_INFINITY;
  let jointBelow = Number.NEGATIVE_INFINITY;
  let most = wrong;
  // Logarithm of the probability of the sequence that was seen, if m labels are wrong: C(population - sampled, m - wrong)
  // over C(population, m).
  let logSeen = 0;
  for (let m = 0; m < wrong; m++) {
    priorBelow = logSum(priorBelow, logPrior);
    logPrior += priorStep(m, population);
    logSeen -= Math.log((population - m) / (m + 1));
  }
  const priorSum = mostPriorSum(population);
  for (let m = wrong; m <= population - (sampled - wrong); m++) {
    const seenStep =
      Math.log((population - sampled - m + wrong) / (m - wrong + 1)) - Math.log((population - m) / (m + 1));
    if (jointBelow - priorBelow - logSeen < threshold || m === wrong) most = m;
    // What was seen gets ever less likely from its likeliest m on (it is log-concave in m), and no mixture weighs more than the
    // whole prior: all that follow are rejected, too.
    else if (seenStep <= 0 && jointBelow - priorSum - logSeen >= threshold) break;
    priorBelow = logSum(priorBelow, logPrior);
    jointBelow = logSum(jointBelow, logPrior + logSeen);
    logPrior += priorStep(m, population);
    logSeen += seenStep;
  }
  return most;
}

/** Labels to look at so that, if none of them is wrong, at most this share of the population is. */
export function auditSize(population: number, share: number, confidence: number): number {
  let [tooFew, enough] = [0, population];
  while (enough - tooFew > 1) {
    const sampled = Math.floor((tooFew + enough) / 2);
    if (mostWrong({ population, sampled, wrong: 0 }, confidence) <= share * population) enough = sampled;
    else tooFew = sampled;
  }
  return enough;
}

/** Beta prior of the share of wrong labels: few are expected, which makes audits that find few short. */
const PRIOR = { wrong: 0.4, right: 8 };

/** Logarithm of the beta-binomial prior at m + 1 over that at m. */
function priorStep(m: number, population: number): number {
  return Math.log(((population - m) * (m + PRIOR.wrong)) / ((m + 1) * (population - m - 1 + PRIOR.right)));
}

/** Logarithm of the prior's sum over all m, in units of its first term, or somewhat more: the product of
 *  1 + wrong / (right + i) over i under the population, each at most e to the second summand. */
function mostPriorSum(population: number): number {
  if (population === 0) return 0;
  return PRIOR.wrong * (1 / PRIOR.right + Math.log((PRIOR.right + population - 1) / PRIOR.right));
}

function logSum(a: number, b: number): number {
  const larger = Math.max(a, b);
  return larger === Number.NEGATIVE_INFINITY ? larger : larger + Math.log1p(Math.exp(-Math.abs(a - b)));
}
