/** Handing rows out to people, and taking their decisions in. */
import type {
  Audit,
  Certificate,
  NamedAgreement,
  ReviewDecision,
  ReviewQueue,
  ReviewRow,
  SecondOpinion,
} from '../contracts/index.js';
import { type AlternativeAnnotatorTest, alternativeAnnotatorTest } from './alternative-annotator.js';
import { certify, drawAudit, keptForAudit, usualAuditSize } from './audit.js';
import { type CheckedSheet, checkSheet } from './check-sheet.js';
import { readCleanlab } from './cleanlab.js';
import { DoubtQueue } from './doubt-queue.js';
import { type ReviewFormat, readReviewFile } from './formats.js';
import { agreementOfPeople } from './people-agreement.js';
import { NoReviewError, OutdatedReviewError, type ReviewFolder } from './review-folder.js';
import type { ReviewLog } from './review-log.js';
import { idInCell, type Sheet } from './sheet.js';

/** Throws NoReviewError. */
export async function queueOf(review: ReviewFolder): Promise<ReviewQueue> {
  const queue = await review.queue();
  if (queue === null) {
    throw new NoReviewError(
      'the run has no review queue: it is made when the votes are counted and a person is to decide',
    );
  }
  return queue;
}

/** The most doubtful texts that nobody has decided on, without those kept for the audit. Labels that another tool finds
 *  suspicious come first, the worst of them first. */
export async function rowsToFix(review: ReviewFolder, count: number): Promise<ReviewRow[]> {
  const ranked = await queueOf(review);
  const decided = await review.decisions();
  const audit = await review.audit(ranked.labelsVersion ?? 0);
  const kept = audit && keptForAudit(audit, decided, usualAuditSize(audit, ranked.confidence));
  const opinions = await review.opinions();
  const queue = new DoubtQueue(opinions);
  for await (const row of review.rows(ranked)) {
    if (queue.length >= count && opinions.size === 0) break;
    if (!decided.has(row.key) && !kept?.has(row.key)) queue.add(row, queue.length < count);
  }
  return queue.rows().slice(0, count);
}

/** The first `count` texts of the audit, in its order, without those that are decided; again: without those that this reviewer
 *  has decided, so that several people look at the same texts. Draws it where there is none yet: what was decided before is not
 *  in its population. Throws OutdatedReviewError where it would be drawn from labels that are revised. */
export async function rowsToAudit(
  review: ReviewFolder,
  { again, ...draw }: { count: number; reviewer: string; again?: boolean; at: Date },
): Promise<{ audit: Audit; rows: ReviewRow[] }> {
  const queue = await queueOf(review);
  const { seed } = queue;
  const labelsVersion = queue.labelsVersion ?? 0;
  const log = await review.log();
  const decided = log.decisions();
  const runFolder = labelsVersion === 0 ? review.runFolder : `${review.runFolder} ${labelsVersion}`;
  const drawn = await review.audit(labelsVersion);
  const outdated = drawn === null ? await review.outdated(queue) : null;
  if (outdated !== null) throw new OutdatedReviewError(`no audit is drawn now. ${outdated}`);
  const audit =
    drawn ??
    (await review.keepAudit(
      await drawAudit({ ...draw, rows: review.rows(queue), decided, seed, runFolder }),
      labelsVersion,
    ));
  const places = new Map(audit.keys.slice(0, draw.count).map((key, place) => [key, place]));
  const rows: ReviewRow[] = [];
  for await (const row of review.rows(queue)) {
    const done = again ? log.opinions(row.key).has(draw.reviewer) : decided.has(row.key);
    if (places.has(row.key) && !done) rows.push(row);
  }
  rows.sort((a, b) => places.get(a.key)! - places.get(b.key)!);
  return { audit, rows };
}

/** Texts that people decided differently about, each with what they say; who says what is not hidden. */
export async function rowsToAdjudicate(review: ReviewFolder): Promise<ReviewRow[]> {
  const log = await review.log();
  const disputed = log.disputed();
  const rows: ReviewRow[] = [];
  for await (const row of review.rows(await queueOf(review))) {
    if (!disputed.has(row.key)) continue;
    const said = [...log.opinions(row.key)].map(([reviewer, { label }]) => `${reviewer} says ${label}`);
    rows.push({ ...row, why: said });
  }
  return rows;
}

/** All labelled texts, for tools that judge labels by all others. */
export async function labelledRows(review: ReviewFolder): Promise<ReviewRow[]> {
  const rows: ReviewRow[] = [];
  for await (const row of review.rows(await queueOf(review))) if (row.label !== null) rows.push(row);
  return rows;
}

export interface SheetOptions {
  readonly reviewer: string;
  readonly replace: boolean;
  /** The decisions settle what people decided differently. */
  readonly adjudicate?: boolean;
  readonly at: Date;
}

/** Takes all decisions of a review file, or none. place: the file, for messages. Throws ReviewFileError or NoReviewError. */
export async function takeSheet(
  review: ReviewFolder,
  sheet: Sheet,
  { adjudicate, at, place, replace, reviewer }: SheetOptions & { place: string },
): Promise<CheckedSheet> {
  const queue = await queueOf(review);
  const { labels } = queue;
  const ids = new Set(sheet.rows.map((row) => idInCell(row.values.id)));
  const known = new Map<string, ReviewRow>();
  for await (const row of review.rows(queue)) {
    const id = idInCell(row.id);
    if (ids.has(id)) known.set(id, row);
  }
  const log = await review.log();
  const standing = log.decisions();
  const auditKeys = new Set((await review.audit(queue.labelsVersion ?? 0))?.keys);
  const about = { labels, known, auditKeys, standing };
  const checked = checkSheet({ ...about, sheet, path: place, reviewer, replace, adjudicate: adjudicate === true });
  // What is fetched again from a tool is no new decision.
  const fresh = checked.decisions.filter(
    ({ key, label, purpose, reviewer: by }) =>
      adjudicate ||
      log.opinions(key).get(by)?.label !== label ||
      standing.get(key)?.label !== label ||
      standing.get(key)?.purpose !== purpose,
  );
  const stamped = fresh.map((decision) => ({ ...decision, at: at.toISOString() }));
  if (stamped.length > 0) await review.addDecisions(stamped, at);
  return { ...checked, decisions: fresh };
}

/** Takes over a review file: its decisions, or what another tool thinks of the labels. All or nothing. Throws
 *  ReviewFileError, CorpusError, or NoReviewError. */
export async function importFile(
  review: ReviewFolder,
  { format, path, ...options }: SheetOptions & { path: string; format: ReviewFormat | null },
): Promise<CheckedSheet | { readonly opinions: readonly SecondOpinion[] }> {
  if (format !== 'cleanlab') return takeSheet(review, await readReviewFile(path, format), { ...options, place: path });
  const { labels } = await queueOf(review);
  const opinions = await readCleanlab(path, labels, await labelledRows(review));
  await review.addOpinions(opinions, options.at);
  return { opinions };
}

export interface ReviewStatus {
  /** Why these are not the labels that the run has, in words; null: they are. */
  readonly outdated: string | null;
  readonly texts: number;
  /** Texts that people decided on. */
  readonly decided: number;
  /** Those of them whose label was changed. */
  readonly corrected: number;
  readonly byReviewer: Readonly<Record<string, number>>;
  /** Texts that several people decided on. */
  readonly sharedTexts: number;
  /** How far people agree on them; null: there are none. */
  readonly agreement: NamedAgreement | null;
  /** Those of them about which people's last decisions differ and nobody has adjudicated; the latest counts. */
  readonly differing: readonly { readonly id: string; readonly labels: Readonly<Record<string, string>> }[];
  readonly adjudicated: number;
  /** May the teacher stand in for the people? By their decisions in the audit, where its label was hidden; null: too few texts
   *  that two of them decided on. */
  readonly alternativeAnnotator: AlternativeAnnotatorTest | null;
  /** Texts of the audit that are decided; null: none was drawn. */
  readonly audited: number | null;
  /** As if the labels were shipped now; null also where they are outdated. */
  readonly certificate: Certificate | null;
}

/** Throws NoReviewError. */
export async function reviewStatus(review: ReviewFolder): Promise<ReviewStatus> {
  const queue = await queueOf(review);
  const { confidence, texts } = queue;
  const [audit, log] = [await review.audit(queue.labelsVersion ?? 0), await review.log()];
  const outdated = await review.outdated(queue);
  const decisions = log.decisions();
  const shared = log.shared();
  const disputed = log.disputed();
  const teacherLabels = new Map<string, string>();
  const auditKeys = new Set(audit?.keys);
  let [labels, corrected] = [0, 0];
  for await (const { key, label } of review.rows(queue)) {
    const decision = decisions.get(key);
    if (label !== null || decision !== undefined) labels++;
    if (decision !== undefined && decision.label !== label) corrected++;
    if (label !== null && (decision !== undefined || auditKeys.has(key))) teacherLabels.set(key, label);
  }
  return {
    outdated,
    texts,
    decided: decisions.size,
    corrected,
    byReviewer: countReviewers(decisions.values()),
    sharedTexts: shared.length,
    agreement: await agreementOfPeople(shared, queue),
    differing: shared.filter(({ key }) => disputed.has(key)).map(({ id, labels: said }) => ({ id, labels: said })),
    adjudicated: [...decisions.values()].filter(({ adjudicates }) => adjudicates).length,
    alternativeAnnotator: alternativeAnnotatorTest(teacherLabels, auditedByPerson(log, auditKeys)),
    audited: audit === null ? null : audit.keys.filter((key) => decisions.has(key)).length,
    certificate:
      audit === null || outdated !== null
        ? null
        : certify({ audit, decisions, disputed, teacherLabels, labels, confidence }),
  };
}

/** Each person's labels in the audit, by the text's key: the teacher's label was hidden from them. */
function auditedByPerson(log: ReviewLog, auditKeys: ReadonlySet<string>): Map<string, Map<string, string>> {
  const people = new Map<string, Map<string, string>>();
  for (const key of log.keys()) {
    if (!auditKeys.has(key)) continue;
    for (const [reviewer, { adjudicates, label, purpose }] of log.opinions(key)) {
      if (purpose !== 'audit' || adjudicates) continue;
      const labels = people.get(reviewer) ?? new Map<string, string>();
      people.set(reviewer, labels.set(key, label));
    }
  }
  return new Map([...people].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function countReviewers(decisions: Iterable<ReviewDecision>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reviewer } of decisions) counts[reviewer] = (counts[reviewer] ?? 0) + 1;
  return counts;
}
