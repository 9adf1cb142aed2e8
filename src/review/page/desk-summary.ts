/** The figures that the page's summary draws. */
import type { Audit, ReviewDecision } from '../../contracts/index.js';
import { mostWrong } from '../error-bound.js';
import { pairsOfPeople } from '../people-agreement.js';
import type { ReviewLog } from '../review-log.js';
import { AGREEMENTS, type DeskRows } from './desk-rows.js';
import type { Summary } from './page-api.js';

export interface ToSummarise {
  /** Of the labels, in the task's order. */
  readonly names: readonly string[];
  readonly rows: DeskRows;
  readonly log: ReviewLog;
  readonly audit: Audit | null;
  /** Texts of the audit that its certificate counts. */
  readonly sampled: number;
  readonly confidence: number;
}

export function summarise(about: ToSummarise): Summary {
  const { audit, log, names, rows } = about;
  const decisions = [...log.decisions().values()];
  const teacherLabel = (key: string) => rows.byKey.get(key)?.label ?? null;
  const now = new Map(rows.perLabel);
  for (const { key, label } of decisions) {
    const was = teacherLabel(key);
    now.set(was, (now.get(was) ?? 0) - 1);
    now.set(label, (now.get(label) ?? 0) + 1);
  }
  return {
    classes: [...names, ...(rows.perLabel.has(null) ? [null] : [])].map((label) => ({
      label,
      teacher: rows.perLabel.get(label) ?? 0,
      now: now.get(label) ?? 0,
    })),
    agreement: AGREEMENTS.map((share) => ({ share, texts: rows.agreement.get(share) ?? 0 })),
    people: pairsOfPeople(log.shared(), names),
    errors: errorsByClass(names, decisions, teacherLabel),
    found: errorsFound(decisions, teacherLabel),
    bound: audit === null ? [] : boundByTexts(audit, about),
    auditChanged: auditChanged(log),
  };
}

function errorsByClass(
  names: readonly string[],
  decisions: readonly ReviewDecision[],
  teacherLabel: (key: string) => string | null,
): Summary['errors'] {
  return [...names, null].flatMap((name) => {
    const ofName = decisions.filter(({ key }) => teacherLabel(key) === name);
    if (ofName.length === 0) return [];
    const became = names
      .filter((other) => other !== name)
      .map((label) => ({ label, texts: ofName.filter((decision) => decision.label === label).length }))
      .filter(({ texts }) => texts > 0)
      .sort((a, b) => b.texts - a.texts);
    return [{ label: name, decided: ofName.length, became }];
  });
}

function errorsFound(
  decisions: readonly ReviewDecision[],
  teacherLabel: (key: string) => string | null,
): Summary['found'] {
  const points: { decided: number; errors: number }[] = [];
  let errors = 0;
  for (const { key, label, purpose } of decisions) {
    if (purpose !== 'fix') continue;
    if (label !== teacherLabel(key)) errors++;
    points.push({ decided: points.length + 1, errors });
  }
  return thinnedOut(points);
}

/** Without what corrections take off it: what the audit says of the teacher. */
function boundByTexts(audit: Audit, { confidence, log, rows, sampled }: ToSummarise): Summary['bound'] {
  const decisions = log.decisions();
  const points: { audited: number; wrong: number }[] = [];
  let wrong = 0;
  for (const [index, key] of audit.keys.slice(0, sampled).entries()) {
    if (decisions.get(key)?.label !== rows.byKey.get(key)?.label) wrong++;
    points.push({ audited: index + 1, wrong });
  }
  return thinnedOut(points).map((point) => {
    const { population } = audit;
    const counts = { population, sampled: point.audited, wrong: point.wrong };
    return { ...point, share: mostWrong(counts, confidence) / population };
  });
}

function auditChanged(log: ReviewLog): number {
  let changed = 0;
  for (const key of log.keys()) {
    const said = log.history(key).filter(({ label, purpose }) => purpose === 'audit' && label !== null);
    if (said.some(({ label, reviewer }, index) => isChange(said.slice(0, index), label, reviewer))) changed++;
  }
  return changed;
}

function isChange(earlier: readonly { label: string | null; reviewer: string }[], label: string | null, by: string) {
  return earlier.some((record) => record.reviewer === by && record.label !== label);
}

const MOST_POINTS = 60;

/** The last point stays. */
function thinnedOut<Point>(points: readonly Point[]): Point[] {
  const step = Math.max(1, Math.ceil(points.length / MOST_POINTS));
  return points.filter((_, index) => (points.length - 1 - index) % step === 0);
}
