/** What the last revision did to the labels, counted as they stream by. */
import type { LabelRow, RevisedLabels } from '../contracts/index.js';
import { AgreementTally } from '../voting/index.js';
import { isTrainedOn } from './distill.js';

export interface LabelledAgain {
  readonly before: LabelRow;
  readonly after: LabelRow;
  /** The revision asked about it. */
  readonly asked: boolean;
  /** It has all its new votes. */
  readonly answered: boolean;
  /** Votes that every text gets, by annotator. */
  readonly votesOf: (row: LabelRow) => readonly (string | null)[];
}

export class RevisionTally {
  private unanswered = 0;
  private readonly changed = new Map<string, RevisedLabels['changes'][number]>();
  private readonly before: AgreementTally;
  private readonly after: AgreementTally;

  constructor(names: readonly string[]) {
    this.before = new AgreementTally(names);
    this.after = new AgreementTally(names);
  }

  /** The teacher's labels count, of all texts: where votes are weighed, other texts' labels may change, too. */
  add({ after, answered, asked, before, votesOf }: LabelledAgain): void {
    if (asked && answered) {
      this.before.add(votesOf(before));
      this.after.add(votesOf(after));
    } else if (asked) this.unanswered++;
    const [from, to] = [before.teacherLabel, after.teacherLabel];
    if (from === to || !isTrainedOn({ ...after, label: to ?? from })) return;
    const key = JSON.stringify([from, to]);
    this.changed.set(key, { from, to, texts: (this.changed.get(key)?.texts ?? 0) + 1 });
  }

  result(): RevisedLabels {
    return {
      unanswered: this.unanswered,
      changes: [...this.changed.values()].sort((a, b) => b.texts - a.texts),
      agreement: { before: this.before.raw(), after: this.after.raw() },
    };
  }
}
