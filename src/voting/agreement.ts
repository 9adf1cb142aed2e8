/** How far annotators agree: overall, with an interval, by label, and by pair. */
import type { NamedAgreement } from '../contracts/index.js';
import { createAlpha } from './krippendorff-alpha.js';
import { seededFraction } from './seeded-fraction.js';
import { type Combination, VoteCombinations } from './vote-combinations.js';

export interface Agreement {
  /** Texts that two readable votes are about. */
  readonly texts: number;
  /** Share of the pairs of votes about one text that name the same label; null without a pair. */
  readonly raw: number | null;
  /** Krippendorff's alpha, nominal; null where it is not defined. */
  readonly alpha: number | null;
  /** Percentile interval over resamples of the texts; null where alpha is not defined. */
  readonly alphaInterval: { readonly low: number; readonly high: number } | null;
  /** Alpha of the question whether a vote names this label or another. */
  readonly perLabel: Readonly<Record<string, number | null>>;
  /** Annotators by their numbers, on the texts that both voted on. */
  readonly perPair: readonly {
    readonly first: number;
    readonly second: number;
    readonly share: number;
    readonly texts: number;
  }[];
}

/** The agreement of annotators with names; null: no two votes about a text. confidence: of the interval. */
export function namedAgreement(
  { alphaInterval, perPair, raw, ...agreement }: Agreement,
  names: readonly string[],
  confidence: number,
): NamedAgreement | null {
  if (raw === null) return null;
  return {
    ...agreement,
    raw,
    alphaInterval: alphaInterval && { ...alphaInterval, confidence },
    perPair: perPair.map(({ first, second, ...pair }) => ({ first: names[first]!, second: names[second]!, ...pair })),
  };
}

const RESAMPLES = 1000;

/** Collects votes and tells their agreement, in memory of one number a combination of votes that occurs. */
export class AgreementTally {
  private readonly combinations = new VoteCombinations();

  constructor(private readonly labels: readonly string[]) {}

  /** votes: of one text, by annotator; null: none that can be read. */
  add(votes: readonly (string | null)[]): void {
    this.combinations.add(votes);
  }

  /** As in Agreement. */
  raw(): number | null {
    return rawAgreement(this.combinations.all);
  }

  /** As in Agreement. */
  perPair(): Agreement['perPair'] {
    return pairs(this.combinations.all);
  }

  /** The same seed gives the same interval. confidence: 0.95. pause: waited for between the steps of what may take long. */
  async agreement(seed: number, confidence: number, pause: () => Promise<unknown>): Promise<Agreement> {
    const combinations = this.combinations.all;
    return {
      texts: combinations.reduce((sum, { times, votes }) => sum + (isShared(votes) ? times : 0), 0),
      raw: rawAgreement(combinations),
      alpha: alphaOf(combinations, this.labels),
      alphaInterval: await bootstrap(combinations, this.labels, { seed, confidence, pause }),
      perLabel: Object.fromEntries(
        this.labels.map((label) => [label, alphaOf(asQuestion(combinations, label), ['yes', 'no'])]),
      ),
      perPair: this.perPair(),
    };
  }
}

function isShared(votes: Combination['votes']): boolean {
  return votes.filter((vote) => vote !== null).length > 1;
}

function alphaOf(combinations: readonly Combination[], labels: readonly string[]): number | null {
  const alpha = createAlpha(labels);
  for (const { times, votes } of combinations) alpha.add(votes, times);
  return alpha.value();
}

/** Resamples the texts by their combinations: how often one occurs in a resample is about Poisson distributed (Chamandy et
 *  al., "Estimating uncertainty for massive data streams", 2012), whatever the number of texts. */
async function bootstrap(
  combinations: readonly Combination[],
  labels: readonly string[],
  { seed, confidence, pause }: { seed: number; confidence: number; pause: () => Promise<unknown> },
): Promise<Agreement['alphaInterval']> {
  const values: number[] = [];
  for (let resample = 0; resample < RESAMPLES; resample++) {
    await pause();
    const drawn = combinations.map(({ times, votes }, index) => ({
      votes,
      times: poisson(times, seed, `${resample} ${index}`),
    }));
    const value = alphaOf(drawn, labels);
    if (value !== null) values.push(value);
  }
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))]!;
  return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}

/** A Poisson number of the given mean; rounded from the normal distribution where the mean is large. */
function poisson(mean: number, seed: number, part: string): number {
  if (mean > 50) {
    const radius = Math.sqrt(-2 * Math.log(1 - seededFraction(seed, 'radius', part)));
    return Math.max(
      0,
      Math.round(mean + Math.sqrt(mean) * radius * Math.cos(2 * Math.PI * seededFraction(seed, 'angle', part))),
    );
  }
  let left = seededFraction(seed, 'poisson', part);
  let chance = Math.exp(-mean);
  let number = 0;
  while (left >= chance && number < 200) {
    left -= chance;
    number++;
    chance *= mean / number;
  }
  return number;
}

function asQuestion(combinations: readonly Combination[], label: string): Combination[] {
  return combinations.map(({ times, votes }) => ({
    times,
    votes: votes.map((vote) => (vote === null ? null : vote === label ? 'yes' : 'no')),
  }));
}

function pairs(combinations: readonly Combination[]): Agreement['perPair'] {
  // Not by spreading them over the arguments of Math.max: there may be more than a call takes.
  const annotators = combinations.reduce((most, { votes }) => Math.max(most, votes.length), 0);
  const found: Agreement['perPair'][number][] = [];
  for (let first = 0; first < annotators; first++) {
    for (let second = first + 1; second < annotators; second++) {
      let [texts, same] = [0, 0];
      for (const { times, votes } of combinations) {
        const [a, b] = [votes[first] ?? null, votes[second] ?? null];
        if (a === null || b === null) continue;
        texts += times;
        if (a === b) same += times;
      }
      if (texts > 0) found.push({ first, second, share: same / texts, texts });
    }
  }
  return found;
}

function rawAgreement(combinations: readonly Combination[]): number | null {
  const all = pairs(combinations);
  const texts = all.reduce((sum, pair) => sum + pair.texts, 0);
  return texts === 0 ? null : all.reduce((sum, pair) => sum + pair.share * pair.texts, 0) / texts;
}
