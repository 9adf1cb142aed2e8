/** What the votes about a text decide, and when asking for more can't change it. */
import type { Vote, VoteSettings } from '../contracts/index.js';
import { seededFraction } from './seeded-fraction.js';

export interface VotesOfText {
  /** In the order of the vote plan, never of completion. */
  readonly votes: readonly Vote[];
  /** The task's labels, in their order. */
  readonly labels: readonly string[];
  readonly settings: Pick<VoteSettings, 'ties' | 'unreadable'>;
  /** The run's seed, and the key of the text: together they fix every draw. */
  readonly seed: number;
  readonly textKey: string;
}

export interface DecidedLabel {
  /** null: the votes decided nothing. */
  readonly label: string | null;
  /** Share of the counted votes for each label that got any (soft label). Sums to 1, or to 0 without a counted vote;
   *  under unreadable = abstain the share of the unreadable votes is missing from the sum. */
  readonly distribution: Record<string, number>;
  /** Share of the counted votes that fell on the label; null without a label. */
  readonly agreement: number | null;
  /** The most voted labels drew, and unreadable votes did not outvote them. */
  readonly tie: boolean;
  /** Reason given by the first vote that named the label. */
  readonly reason: string | null;
}

export interface PosteriorOfText extends Pick<VotesOfText, 'votes' | 'labels' | 'seed' | 'textKey'> {
  readonly settings: Pick<VoteSettings, 'ties'>;
  /** Probabilities by the labels' order; zeros without a vote. */
  readonly posterior: readonly number[];
}

export interface VotesSoFar extends Pick<VotesOfText, 'votes' | 'labels' | 'settings'> {
  /** Votes that the plan gives the text in all. */
  readonly votesPlanned: number;
}

/**
 * The label that most votes name. An unreadable vote, by settings.unreadable:
 * - drop: does not count.
 * - abstain: counts as a vote for no label. The text gets a label only if the label has more votes than there are
 *   unreadable ones; the denominator of distribution and agreement includes them.
 * - random: counts for a label drawn by hash of seed, text key and the vote's index.
 *
 * Labels that draw give no label (settings.ties = abstain) or a draw among them by hash of seed and text key (random).
 * Throws RangeError for a vote on a label that the task does not have.
 */
export function decideLabel({ votes, labels, settings, seed, textKey }: VotesOfText): DecidedLabel {
  const named = votes.map((vote, index) =>
    vote.label === null && settings.unreadable === 'random'
      ? drawOne(labels, seededFraction(seed, 'unreadable vote', textKey, String(index)))
      : vote.label,
  );
  const { perLabel, unreadable } = countVotes(named, labels);
  const forNoLabel = settings.unreadable === 'abstain' ? unreadable : 0;
  const counted = perLabel.reduce((sum, count) => sum + count, forNoLabel);
  const most = Math.max(...perLabel);
  const leaders = labels.filter((_, index) => perLabel[index] === most);
  const outvoted = forNoLabel >= most;
  const tie = !outvoted && leaders.length > 1;

  const distribution = Object.fromEntries(
    labels
      .map((label, index): [string, number] => [label, (perLabel[index] ?? 0) / counted])
      .filter(([, share]) => share > 0),
  );
  if (outvoted || (tie && settings.ties === 'abstain')) {
    return { label: null, distribution, agreement: null, tie, reason: null };
  }
  const label = drawOne(leaders, tie ? seededFraction(seed, 'tie', textKey) : 0);
  const reason = votes.find((vote) => vote.label === label)?.reason ?? null;
  return { label, distribution, agreement: most / counted, tie, reason };
}

/** The likeliest label of a posterior that weighs the votes otherwise than by their number (see weightedMajority, dawidSkene).
 *  Unreadable votes don't count. Labels that draw are treated as decideLabel does. */
export function decideByPosterior({
  labels,
  posterior,
  seed,
  settings,
  textKey,
  votes,
}: PosteriorOfText): DecidedLabel {
  const most = Math.max(...posterior);
  const leaders = labels.filter((_, index) => posterior[index] === most);
  const tie = most > 0 && leaders.length > 1;
  const shares = labels.map((label, index): [string, number] => [label, posterior[index] ?? 0]);
  const distribution = Object.fromEntries(shares.filter(([, share]) => share > 0));
  if (most === 0 || (tie && settings.ties === 'abstain')) {
    return { label: null, distribution, agreement: null, tie, reason: null };
  }
  const label = drawOne(leaders, tie ? seededFraction(seed, 'tie', textKey) : 0);
  const named = votes.filter((vote) => vote.label !== null);
  const agreeing = named.filter((vote) => vote.label === label);
  const reason = agreeing[0]?.reason ?? null;
  return { label, distribution, agreement: agreeing.length / named.length, tie, reason };
}

/**
 * Whether decideLabel gives the same label and the same tie however the votes still to come turn out, readable or not.
 * votes: those that are in, in any order. Exact for unreadable = drop and abstain. Under random it may say false of a
 * fixed outcome, never true of an open one: what an unreadable vote will be drawn to is treated as unknown.
 * Throws RangeError for a vote on a label that the task does not have.
 */
export function outcomeIsFixed({ votes, votesPlanned, labels, settings }: VotesSoFar): boolean {
  const toCome = votesPlanned - votes.length;
  if (toCome <= 0) return true;
  const { perLabel, unreadable } = countVotes(
    votes.map((vote) => vote.label),
    labels,
  );
  const open = settings.unreadable === 'random' ? toCome + unreadable : toCome;
  const forNoLabel = settings.unreadable === 'abstain' ? unreadable : 0;
  const [first = 0, second = 0] = perLabel.toSorted((a, b) => b - a);
  const leaderStays = first > Math.max(second, forNoLabel) + open;
  const noLabelStays = forNoLabel >= first + open;
  return leaderStays || noLabelStays;
}

/** Whether one label has more votes than any other, and, where unreadable votes count against every label, than these. */
export function hasLeader({ votes, labels, settings }: Pick<VotesSoFar, 'votes' | 'labels' | 'settings'>): boolean {
  const { perLabel, unreadable } = countVotes(
    votes.map((vote) => vote.label),
    labels,
  );
  const [first = 0, second = 0] = perLabel.toSorted((a, b) => b - a);
  return first > Math.max(second, settings.unreadable === 'abstain' ? unreadable : 0);
}

function countVotes(
  named: readonly (string | null)[],
  labels: readonly string[],
): { perLabel: number[]; unreadable: number } {
  const perLabel = labels.map(() => 0);
  let unreadable = 0;
  for (const label of named) {
    if (label === null) {
      unreadable++;
      continue;
    }
    const index = labels.indexOf(label);
    if (index < 0) throw new RangeError(`a vote for "${label}", which is not a label: ${labels.join(', ')}`);
    perLabel[index] = (perLabel[index] ?? 0) + 1;
  }
  return { perLabel, unreadable };
}

function drawOne(labels: readonly string[], fraction: number): string {
  const drawn = labels[Math.floor(fraction * labels.length)];
  if (drawn === undefined) throw new RangeError('labels: empty, at least one is needed to draw from');
  return drawn;
}
