/** Counts labels as they stream by, and shows them. */
import {
  type AgreementReport,
  counted,
  inNumber,
  type LabelRow,
  percent,
  type VoteSummary,
} from '../contracts/index.js';
import { plainText } from '../evaluation/index.js';

const BAR_WIDTH = 20;

export class LabelTally {
  private texts = 0;
  private labelled = 0;
  private ties = 0;
  private disagreeing = 0;
  private votes = 0;
  private unreadable = 0;
  private readonly escalated = { texts: 0, changed: 0 };
  private readonly perLabel: Record<string, number>;
  private readonly gateGold = { rows: 0, correct: 0 };

  constructor(names: readonly string[]) {
    this.perLabel = Object.fromEntries(names.map((name) => [name, 0]));
  }

  add(row: LabelRow, tie: boolean): void {
    if (row.gold !== null && row.gateGold) {
      this.gateGold.rows++;
      if (row.teacherLabel === row.gold) this.gateGold.correct++;
    }
    if (row.set !== 'corpus') return;
    this.texts++;
    if (tie) this.ties++;
    if (row.label !== null) this.labelled++;
    if (row.label !== null && row.gold === null) this.perLabel[row.label] = (this.perLabel[row.label] ?? 0) + 1;
    const named = row.votes.flatMap((vote) => vote.label ?? []);
    if (new Set(named).size > 1) this.disagreeing++;
    this.votes += row.votes.length;
    this.unreadable += row.votes.length - named.length;
  }

  /** A text of the corpus that more was asked about. changed: its label, by that. */
  addEscalated(changed: boolean): void {
    this.escalated.texts++;
    if (changed) this.escalated.changed++;
  }

  /** Of the corpus's votes; null without votes. */
  unreadableShare(): number | null {
    return this.votes === 0 ? null : this.unreadable / this.votes;
  }

  summary(files: Pick<VoteSummary, 'labels' | 'replies' | 'alpha' | 'agreement' | 'weighing'>): VoteSummary {
    const { disagreeing, escalated, gateGold, labelled, perLabel, texts, ties } = this;
    return { ...files, texts, labelled, ties, disagreeing, escalated, perLabel, gateGold };
  }

  /** The labels as a table, for the person at the gate. alphas: how far votes agree whether a text is of this label; null: no
   *  two votes about a text. */
  evidence(summary: VoteSummary, alphas: AgreementReport['perLabel'] | null): string {
    const most = Math.max(1, ...Object.values(summary.perLabel));
    const rows = Object.entries(summary.perLabel).map(([label, count]) => {
      const bar = '█'.repeat(Math.round((BAR_WIDTH * count) / most));
      const alpha = alphas ? ` ${alphas[label]?.toFixed(3) ?? '–'} |` : '';
      return `| ${plainText(label)} | ${count} |${alpha} ${bar} |`;
    });
    const share = summary.texts === 0 ? 0 : summary.disagreeing / summary.texts;
    return [
      `${summary.labelled} of ${counted(summary.texts, 'text')} got a label. The votes of ${summary.disagreeing} (${percent(share)}) disagree; ${summary.ties} ${inNumber(summary.ties, 'is a tie', 'are ties')}.${escalatedInWords(summary)}`,
      '',
      `| label | texts |${alphas ? ' alpha |' : ''} |`,
      `| --- | ---: |${alphas ? ' ---: |' : ''} --- |`,
      ...rows,
    ].join('\n');
  }
}

function escalatedInWords({ escalated }: VoteSummary): string {
  if (!escalated || escalated.texts === 0) return '';
  return ` More was asked about ${counted(escalated.texts, 'text')} because ${inNumber(escalated.texts, 'its', 'their')} votes disagreed, which changed ${counted(escalated.changed, 'label')}.`;
}
