/** How likely a label is wrong, and what speaks against it in words. */
import { counted, inNumber, type Label, type LabelRow } from '../contracts/index.js';
import { confidentLabel, likeliestOther } from './confident-learning.js';

export interface DoubtFacts {
  readonly row: Pick<LabelRow, 'label' | 'votes'>;
  /** Out-of-fold opinion of a student, by the labels' numbers; null: there is none. */
  readonly student: { readonly probabilities: readonly number[]; readonly thresholds: readonly number[] } | null;
  /** Texts that say the same (see NearDuplicates). */
  readonly duplicates: { readonly other: number; readonly same: number };
}

export interface Doubt {
  /** Estimated probability that the label is wrong; 1 without a label. */
  readonly doubt: number;
  readonly why: string[];
}

/**
 * A logistic model over the five signs of doubtSigns. Its weights were fitted on the recorded votes of Mixtral-8x7B about
 * financial news under three vote plans at once (scripts/measure-review.js prints them); reported figures use weights that
 * were fitted without the rows that they are reported on. The ranking needs no vote plan: a text whose voting stopped
 * early has fewer votes, which counts as less agreement than more votes for the same label would.
 */
export const DOUBT_WEIGHTS = {
  bias: -0.37,
  votes: 2.22,
  student: 0.69,
  reasons: 2.43,
  // The two signs before it count the student's and the votes' doubt already: where both name the same label, less is new.
  studentBacksVote: -0.81,
  duplicates: 0.47,
} as const;

export type DoubtSigns = Record<Exclude<keyof typeof DOUBT_WEIGHTS, 'bias'>, number>;

/** Judges labels of one task. */
export class DoubtJudge {
  private readonly names: readonly string[];
  /** Patterns of each label's spellings, by name. */
  private readonly patterns: ReadonlyMap<string, RegExp>;

  constructor(labels: readonly Label[]) {
    this.names = labels.map((label) => label.name);
    this.patterns = new Map(labels.map((label) => [label.name, spellingsPattern(label)]));
  }

  judge(facts: DoubtFacts): Doubt {
    const { label } = facts.row;
    if (label === null) return { doubt: 1, why: ['the votes decided nothing'] };
    const signs = this.signs(facts, label);
    let logit: number = DOUBT_WEIGHTS.bias;
    for (const sign of Object.keys(signs) as (keyof DoubtSigns)[]) logit += DOUBT_WEIGHTS[sign] * signs[sign];
    return { doubt: 1 / (1 + Math.exp(-logit)), why: this.inWords(facts, label) };
  }

  /** The signs that the model weighs. */
  signs({ row, student, duplicates }: DoubtFacts, label: string): DoubtSigns {
    const named = row.votes.flatMap((vote) => vote.label ?? []);
    const agreeing = named.filter((name) => name === label).length;
    const own = this.names.indexOf(label);
    const { naming, given } = this.reasonsNamingOthers(row, label);
    return {
      votes: Math.log((named.length - agreeing + 1) / (agreeing + 0.5)),
      student: student === null ? NO_STUDENT : marginLogit(student.probabilities, own),
      reasons: given === 0 ? 0 : naming / given,
      studentBacksVote: student !== null && this.backsOtherVote(student.probabilities, named, label) ? 1 : 0,
      duplicates: duplicates.other / (duplicates.other + duplicates.same + 1),
    };
  }

  private inWords({ row, student, duplicates }: DoubtFacts, label: string): string[] {
    const why: string[] = [];
    const named = row.votes.flatMap((vote) => vote.label ?? []);
    const others = [...new Set(named.filter((name) => name !== label))];
    if (others.length > 0) {
      const counts = others.map((name) => saying(named.filter((each) => each === name).length, name));
      why.push(`of ${counted(named.length, 'vote')} ${counts.join(', ')}`);
    }
    if (named.length < row.votes.length) why.push(`${row.votes.length - named.length} of the votes can't be read`);
    if (student !== null) {
      const own = this.names.indexOf(label);
      const confident = confidentLabel(student.probabilities, student.thresholds);
      const likeliest = likeliestOther(student.probabilities, own);
      const other = confident !== null && confident !== own ? confident : likeliest;
      if (other === confident || student.probabilities[likeliest]! > student.probabilities[own]!) {
        const share = Math.round(100 * student.probabilities[other]!);
        why.push(`a student that had not seen the label says ${this.names[other]} (${share} %)`);
      }
    }
    const { naming, given } = this.reasonsNamingOthers(row, label);
    if (naming > 0) why.push(`the reasons of ${naming} of the ${given} votes for it name other labels only`);
    if (duplicates.other > 0)
      why.push(
        `${counted(duplicates.other, 'text')} with the same words ${inNumber(duplicates.other, 'has', 'have')} another label`,
      );
    return why.length > 0 ? why : ['nothing speaks against it'];
  }

  /** Votes for the label with a reason, and those of them whose reason names other labels and not the label. */
  private reasonsNamingOthers(row: DoubtFacts['row'], label: string): { naming: number; given: number } {
    let [naming, given] = [0, 0];
    for (const vote of row.votes) {
      if (vote.label !== label || vote.reason === null || vote.reason === '') continue;
      given++;
      const reason = vote.reason;
      const names = this.names.filter((name) => this.patterns.get(name)!.test(reason));
      if (names.length > 0 && !names.includes(label)) naming++;
    }
    return { naming, given };
  }

  /** Whether the student's likeliest label got votes, and is not the label. */
  private backsOtherVote(probabilities: readonly number[], named: readonly string[], label: string): boolean {
    const likeliest = this.names[probabilities.indexOf(Math.max(...probabilities))]!;
    return likeliest !== label && named.includes(likeliest);
  }
}

/** The usual sign of a student's opinion: without one, doubts stay comparable to those with. */
const NO_STUDENT = -2;
/** Keeps the logarithm finite. */
const LEAST_PROBABILITY = 0.01;

function marginLogit(probabilities: readonly number[], own: number): number {
  const other = probabilities[likeliestOther(probabilities, own)]!;
  return Math.log((other + LEAST_PROBABILITY) / (probabilities[own]! + LEAST_PROBABILITY));
}

/** Whole words only, whatever the case; letters of any script. */
function spellingsPattern({ name, aliases }: Label): RegExp {
  // An alias such as "1" would be found in any figure.
  const spellings = [name, ...aliases.filter((alias) => /\p{L}{3}/u.test(alias))];
  const escaped = spellings.map((spelling) => spelling.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`(?<!\\p{L})(?:${escaped.join('|')})(?!\\p{L})`, 'iu');
}

function saying(votes: number, label: string): string {
  return `${votes} ${inNumber(votes, 'says', 'say')} ${label}`;
}
