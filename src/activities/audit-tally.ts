/** Follows corrected labels as they stream by, and says what the run's audit certifies of them. */
import type { Audit, Certificate, LabelRow, ReviewDecision } from '../contracts/index.js';
import { certify, ReviewFolder } from '../review/index.js';
import type { Store } from '../store/index.js';
import { isTrainedOn } from './distill.js';

export class AuditTally {
  private readonly auditKeys: ReadonlySet<string>;
  private readonly decisions = new Map<string, Pick<ReviewDecision, 'label' | 'purpose'>>();
  private readonly teacherLabels = new Map<string, string>();
  private labels = 0;

  private constructor(
    private readonly audit: Audit | null,
    private readonly reviewed: ReadonlyMap<string, ReviewDecision>,
    private readonly disputed: ReadonlySet<string>,
  ) {
    this.auditKeys = new Set(audit?.keys);
  }

  /** labelsVersion: of the labels that are shipped. */
  static async open(store: Store, runFolder: string, labelsVersion: number): Promise<AuditTally> {
    const review = new ReviewFolder(store, runFolder);
    const log = await review.log();
    return new AuditTally(await review.audit(labelsVersion), log.decisions(), log.disputed());
  }

  /** The reviewed decision that gave the row this label. */
  decisionOn({ key }: Pick<LabelRow, 'key'>, label: string): ReviewDecision | undefined {
    const decision = this.reviewed.get(key);
    return decision?.label === label ? decision : undefined;
  }

  /** Whether the audit of these labels gave the row this label. What an earlier audit was about, the teacher has changed. */
  audited(row: Pick<LabelRow, 'key'>, label: string): boolean {
    return this.auditKeys.has(row.key) && this.decisionOn(row, label)?.purpose === 'audit';
  }

  /** row: as it is shipped. What was decided and is not shipped doesn't count. */
  add(row: LabelRow): void {
    if (!isTrainedOn(row) || row.label === null) return;
    this.labels++;
    const byPerson = row.source === 'person';
    if (byPerson) {
      const purpose = this.decisionOn(row, row.label)?.purpose ?? 'fix';
      this.decisions.set(row.key, { label: row.label, purpose });
    }
    if (row.teacherLabel !== null && (byPerson || this.auditKeys.has(row.key))) {
      this.teacherLabels.set(row.key, row.teacherLabel);
    }
  }

  /** null: no audit was drawn, or nothing of it was decided. */
  certificate(confidence: number): Certificate | null {
    const { audit, decisions, disputed, labels, teacherLabels } = this;
    return audit === null ? null : certify({ audit, decisions, disputed, teacherLabels, labels, confidence });
  }
}
