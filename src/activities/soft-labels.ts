/** Soft labels after a review: shares of votes become probabilities, as far as the audit tells how often they are right. */
import { counted, inNumber, type LabelRow, percent } from '../contracts/index.js';
import {
  calibratedDistribution,
  calibrateShares,
  chanceOfRight,
  type JudgedLabel,
  LEAST_JUDGED,
  LEAST_OF_EACH,
  type ShareCalibration,
} from '../voting/index.js';
import type { AuditTally } from './audit-tally.js';

export class SoftLabels {
  private constructor(
    private readonly calibration: ShareCalibration | null,
    private readonly judged: number,
    private readonly wrong: number,
  ) {}

  /** Learns from the decisions of the audit alone: the fix queue was picked for its errors. corrections: labels by id. */
  static async learn(
    rows: AsyncIterable<LabelRow>,
    corrections: ReadonlyMap<string, string>,
    audit: Pick<AuditTally, 'audited'>,
  ): Promise<SoftLabels> {
    const judged: JudgedLabel[] = [];
    for await (const row of rows) {
      const label = row.set === 'corpus' ? corrections.get(row.id) : undefined;
      const { teacherLabel } = row;
      if (label === undefined || teacherLabel === null || row.source !== 'teacher') continue;
      if (!audit.audited(row, label)) continue;
      judged.push({ ...shareOf(row, teacherLabel), right: label === teacherLabel });
    }
    return new SoftLabels(calibrateShares(judged), judged.length, judged.filter(({ right }) => !right).length);
  }

  /** The row with its calibrated distribution; as it is where nothing could be learnt. */
  of(row: LabelRow, labels: readonly string[]): LabelRow {
    const { label } = row;
    if (this.calibration === null || label === null || row.source !== 'teacher') return row;
    const chance = chanceOfRight(this.calibration, shareOf(row, label));
    return { ...row, distribution: calibratedDistribution(row.distribution, { chance, label, labels }) };
  }

  /** For the person at the gate. votes: that every text gets. */
  inWords(votes: number): string {
    const { calibration, judged, wrong } = this;
    if (calibration === null) {
      return `Soft labels are shares of the votes: the ${counted(judged, 'label')} of the audit, ${wrong} of them wrong, ${inNumber(judged, 'is', 'are')} too few to tell how far to trust a share (at least ${LEAST_JUDGED}, with ${LEAST_OF_EACH} right and ${LEAST_OF_EACH} wrong).`;
    }
    const majorities = Array.from({ length: Math.floor((votes + 1) / 2) }, (_, against) => votes - against);
    const chances = majorities.map((agreeing) => {
      const chance = chanceOfRight(calibration, { share: agreeing / votes, votes });
      return `${agreeing} of ${counted(votes, 'vote')}: ${percent(chance)}`;
    });
    return `Soft labels are calibrated on the ${judged} labels of the audit, for samples of one model err alike. Chance that a label is right: ${chances.join(', ')}.`;
  }
}

function shareOf({ distribution, votes }: LabelRow, label: string): { share: number; votes: number } {
  const readable = votes.filter((vote) => vote.label !== null).length;
  return { share: distribution[label] ?? 0, votes: readable };
}
