/** The audit log in memory: all that people said of each text, and what of it counts. */
import type { ReviewDecision, ReviewRecord } from '../contracts/index.js';

/** A text that several people decided on, with each one's last decision by name. */
export interface SharedText {
  readonly key: string;
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

export class ReviewLog {
  private readonly byKey = new Map<string, ReviewRecord[]>();
  /** null: something was added since. */
  private counting: Map<string, ReviewDecision> | null = null;
  private differing: Set<string> | null = null;

  /** In any order: what several servers wrote is put in the order of its time. */
  add(record: ReviewRecord): void {
    this.counting = null;
    this.differing = null;
    const records = this.byKey.get(record.key);
    if (records === undefined) {
      this.byKey.set(record.key, [record]);
      return;
    }
    let place = records.length;
    while (place > 0 && records[place - 1]!.at > record.at) place--;
    records.splice(place, 0, record);
  }

  /** Everything ever said of a text, oldest first. Its length is the text's version: each record makes a new one. */
  history(key: string): readonly ReviewRecord[] {
    return this.byKey.get(key) ?? [];
  }

  /** The decision that counts: an adjudication, else the latest; what its reviewer has taken back does not. */
  standing(key: string): ReviewDecision | null {
    return countingOf(this.history(key));
  }

  /** The decision that counts for each text, by the text's key, oldest first. */
  decisions(): Map<string, ReviewDecision> {
    if (this.counting === null) {
      const standing = [...this.byKey.values()].flatMap((records) => countingOf(records) ?? []);
      standing.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
      this.counting = new Map(standing.map((decision) => [decision.key, decision]));
    }
    return this.counting;
  }

  /** Each reviewer's last decision about a text that stands, by name. */
  opinions(key: string): Map<string, ReviewDecision> {
    return new Map(standingOf(this.history(key)).map((decision) => [decision.reviewer, decision]));
  }

  /** Keys of the texts that people decided differently about, and that nobody has adjudicated. */
  disputed(): ReadonlySet<string> {
    this.differing ??= this.findDisputed();
    return this.differing;
  }

  /** An adjudicator knew the others' decisions, and does not count here. */
  shared(): SharedText[] {
    return [...this.keys()].flatMap((key) => {
      const own = [...this.opinions(key)].filter(([, { adjudicates }]) => !adjudicates);
      if (own.length < 2) return [];
      return [{ key, id: own[0]![1].id, labels: Object.fromEntries(own.map(([name, { label }]) => [name, label])) }];
    });
  }

  /** Everything that was said, oldest first. */
  records(): ReviewRecord[] {
    return [...this.byKey.values()].flat().sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }

  keys(): IterableIterator<string> {
    return this.byKey.keys();
  }

  private findDisputed(): Set<string> {
    const disputed = new Set<string>();
    for (const key of this.keys()) {
      const opinions = [...this.opinions(key).values()];
      const labels = new Set(opinions.map(({ label }) => label));
      if (labels.size > 1 && !opinions.some(({ adjudicates }) => adjudicates)) disputed.add(key);
    }
    return disputed;
  }
}

function countingOf(records: readonly ReviewRecord[]): ReviewDecision | null {
  const standing = standingOf(records);
  return standing.findLast(({ adjudicates }) => adjudicates) ?? standing.at(-1) ?? null;
}

/** Decisions that were not taken back, oldest first. */
function standingOf(records: readonly ReviewRecord[]): ReviewDecision[] {
  const standing: ReviewDecision[] = [];
  for (const record of records) {
    const { label, reviewer } = record;
    if (label !== null) standing.push({ ...record, label });
    else {
      const last = standing.findLastIndex((decision) => decision.reviewer === reviewer);
      if (last >= 0) standing.splice(last, 1);
    }
  }
  return standing;
}
