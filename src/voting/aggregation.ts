/** Labels from the votes of annotators that are not equally good: prompts, samples or teachers. */

export interface VoteTable {
  /** [texts][annotators]; null: no readable vote. */
  readonly votes: readonly (readonly (string | null)[])[];
  /** [texts]: how many texts each stands for, all with these votes; one if left out. */
  readonly times?: readonly number[];
  readonly labels: readonly string[];
}

export interface Aggregated {
  /** [texts]: the probability of each label, in the order of the labels; zeros for a text without a vote. */
  readonly posteriors: readonly (readonly number[])[];
  /** [annotators]: estimated share of right votes; null for an annotator without a vote. */
  readonly quality: readonly (number | null)[];
}

/** One vote an annotator. Posteriors are shares of the votes, quality is agreement with the majority, a draw counting for the
 *  first of the leading labels. */
export function majority(table: VoteTable): Aggregated {
  const posteriors = weightedShares(table, () => 1);
  return { posteriors, quality: agreementWith(table, posteriors.map(likeliest)) };
}

/** Majority with votes weighted by how often their annotator agrees with the plain majority: "Wawa", worker agreement with
 *  aggregate (Appen; crowd-kit 1.4.2, classification/wawa.py). */
export function weightedMajority(table: VoteTable): Aggregated {
  const { quality } = majority(table);
  return { posteriors: weightedShares(table, (annotator) => quality[annotator] ?? 0), quality };
}

/**
 * Expectation maximisation over the annotators' confusion matrices (Dawid and Skene, "Maximum likelihood estimation of
 * observer error-rates using the EM algorithm", 1979), from the shares of the votes, until no posterior changes by
 * `tolerance`. It takes annotators for independent: the posteriors of samples of one model are too sure of themselves.
 * pause: waited for between the iterations, which may be many.
 */
export async function dawidSkene(
  table: VoteTable,
  pause: () => Promise<unknown>,
  { iterations = 1000, tolerance = 1e-9 } = {},
): Promise<Aggregated> {
  let posteriors = majority(table).posteriors;
  let model = estimate(table, posteriors);
  for (let iteration = 0; iteration < iterations; iteration++) {
    await pause();
    const updated = table.votes.map((votes) => posteriorOf(table, votes, model));
    const change = largestChange(posteriors, updated);
    posteriors = updated;
    model = estimate(table, posteriors);
    if (change < tolerance) break;
  }
  return { posteriors, quality: model.confusion.map((matrix) => matrix && rightShare(matrix, model.priors)) };
}

interface Model {
  /** [labels]. */
  readonly priors: readonly number[];
  /** [annotators][true label][vote]; null for an annotator without a vote. */
  readonly confusion: readonly (readonly (readonly number[])[] | null)[];
}

/** As in crowd-kit: keeps logarithms finite for votes that a true label never got. */
const LEAST = 1e-10;

function estimate({ votes, labels, times }: VoteTable, posteriors: readonly (readonly number[])[]): Model {
  let voted = 0;
  const sums = labels.map(() => 0);
  for (const [text, posterior] of posteriors.entries()) {
    if (votes[text]!.every((vote) => vote === null)) continue;
    const count = times?.[text] ?? 1;
    voted += count;
    for (const [label, share] of posterior.entries()) sums[label] = sums[label]! + count * share;
  }
  const priors = sums.map((sum) => sum / Math.max(1, voted));
  const confusion = Array.from({ length: annotatorsOf(votes) }, (_, annotator) => {
    const counts = labels.map(() => labels.map(() => 0));
    const used = new Set<number>();
    for (const [text, each] of votes.entries()) {
      const vote = labels.indexOf(each[annotator] ?? '');
      if (vote < 0) continue;
      used.add(vote);
      const count = times?.[text] ?? 1;
      for (const [label, share] of posteriors[text]!.entries())
        counts[label]![vote] = counts[label]![vote]! + count * share;
    }
    if (used.size === 0) return null;
    return counts.map((row) => {
      const clipped = row.map((count, vote) => (used.has(vote) ? Math.max(LEAST, count) : 0));
      const sum = clipped.reduce((total, count) => total + count, 0);
      return clipped.map((count) => count / sum);
    });
  });
  return { priors: priors.map((prior) => Math.max(LEAST, prior)), confusion };
}

function posteriorOf({ labels }: VoteTable, votes: readonly (string | null)[], model: Model): number[] {
  if (votes.every((vote) => vote === null)) return labels.map(() => 0);
  const logs = model.priors.map((prior, label) => {
    let log = Math.log(prior);
    for (const [annotator, vote] of votes.entries()) {
      if (vote !== null) log += Math.log(model.confusion[annotator]![label]![labels.indexOf(vote)]!);
    }
    return log;
  });
  const most = Math.max(...logs);
  const likelihoods = logs.map((log) => Math.exp(log - most));
  const sum = likelihoods.reduce((total, each) => total + each, 0);
  return likelihoods.map((each) => each / sum);
}

function weightedShares({ votes, labels }: VoteTable, weightOf: (annotator: number) => number): number[][] {
  return votes.map((each) => {
    const weights = labels.map(() => 0);
    for (const [annotator, vote] of each.entries()) {
      if (vote === null) continue;
      const label = labels.indexOf(vote);
      if (label < 0) throw new RangeError(`a vote for "${vote}", which is not a label: ${labels.join(', ')}`);
      weights[label] = weights[label]! + weightOf(annotator);
    }
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return sum === 0 ? weights : weights.map((weight) => weight / sum);
  });
}

function agreementWith({ votes, labels, times }: VoteTable, decided: readonly number[]): (number | null)[] {
  return Array.from({ length: annotatorsOf(votes) }, (_, annotator) => {
    let [own, agreeing] = [0, 0];
    for (const [text, each] of votes.entries()) {
      const vote = each[annotator] ?? null;
      if (vote === null) continue;
      const count = times?.[text] ?? 1;
      own += count;
      if (labels.indexOf(vote) === decided[text]) agreeing += count;
    }
    return own === 0 ? null : agreeing / own;
  });
}

/** Not by spreading them over the arguments of Math.max: there may be more texts than a call takes. */
function annotatorsOf(votes: VoteTable['votes']): number {
  return votes.reduce((most, each) => Math.max(most, each.length), 0);
}

function rightShare(matrix: readonly (readonly number[])[], priors: readonly number[]): number {
  return matrix.reduce((sum, row, label) => sum + priors[label]! * row[label]!, 0);
}

function likeliest(posterior: readonly number[]): number {
  return posterior.indexOf(Math.max(...posterior));
}

function largestChange(before: readonly (readonly number[])[], now: readonly (readonly number[])[]): number {
  let largest = 0;
  for (const [text, posterior] of now.entries()) {
    for (const [label, share] of posterior.entries())
      largest = Math.max(largest, Math.abs(share - before[text]![label]!));
  }
  return largest;
}
