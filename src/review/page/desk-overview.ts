/** Where a review is: how much is decided, by whom, and what the audit certifies so far. */
import type { Certificate, ReviewDecision } from '../../contracts/index.js';
import { certify } from '../audit.js';
import { suggestedFixes } from '../doubt-queue.js';
import { secondOpinions } from './desk-lists.js';
import { DeskRows } from './desk-rows.js';
import type { DeskState } from './desk-state.js';
import type { AuditState, Overview } from './page-api.js';

/** As one reviewer sees it. */
export function overviewOf(state: DeskState, reviewer: string): Overview {
  const { decisions, log, queue, rows } = state;
  const { confidence, guideline, labels, task, texts, workflowId } = queue;
  const byReviewer: Record<string, number> = {};
  let [fixed, changed] = [0, 0];
  let undoable: ReviewDecision | null = null;
  for (const decision of decisions.values()) {
    byReviewer[decision.reviewer] = (byReviewer[decision.reviewer] ?? 0) + 1;
    if (decision.reviewer === reviewer) undoable = decision;
    if (decision.purpose === 'fix') fixed++;
    const row = state.row(decision.key);
    if (row !== null && decision.label !== row.label) changed++;
  }
  return {
    workflowId,
    task,
    reviewer,
    labels: labels.map(({ name, description }) => ({ name, description })),
    guideline: guideline ?? '',
    texts,
    shown: state.reading ? DeskRows.mostOf(texts) : rows.doubtful.length,
    reading: state.reading,
    outdated: state.outdated,
    confidence,
    fix: { texts: textsToFix(state), decided: fixed, changed, suggested: suggestedFixes(texts) },
    audit: auditOf(state),
    byReviewer,
    again: secondOpinions(state, reviewer),
    differing: log.disputed().size,
    undoable: undoable && {
      key: undoable.key,
      id: undoable.id,
      sample: undoable.purpose,
      version: log.history(undoable.key).length,
    },
  };
}

function textsToFix({ decisions, kept, rows }: DeskState): number {
  return rows.doubtful.filter(({ key }) => !kept.has(key) && decisions.get(key)?.purpose !== 'audit').length;
}

function auditOf(state: DeskState): AuditState | null {
  const { audit, decisions, goals, queue } = state;
  if (audit === null) return null;
  const { drawnAt, drawnBy, keys, population } = audit;
  const certificate = certificateOf(state);
  const { sampled, wrong } = certificate ?? { sampled: 0, wrong: 0 };
  return {
    drawnBy,
    drawnAt,
    population,
    length: keys.length,
    decided: keys.filter((key) => decisions.get(key)?.purpose === 'audit').length,
    passedOver: keys.slice(0, lastAudited(keys, decisions)).filter((key) => !decisions.has(key)).length,
    certificate,
    next: goals.next({ population, sampled, wrong, confidence: queue.confidence }),
  };
}

function lastAudited(keys: readonly string[], decisions: DeskState['decisions']): number {
  return 1 + keys.findLastIndex((key) => decisions.get(key)?.purpose === 'audit');
}

/** As if the labels were shipped now; null: there is no audit, or nothing of it is decided. */
function certificateOf(state: DeskState): Certificate | null {
  const { audit, decisions, log, queue, rows } = state;
  if (audit === null || state.reading || state.outdated !== null) return null;
  const teacherLabels = new Map<string, string>();
  for (const key of [...audit.keys, ...decisions.keys()]) {
    const label = state.row(key)?.label;
    if (label != null) teacherLabels.set(key, label);
  }
  const unlabelled = [...decisions.keys()].filter((key) => state.row(key)?.label === null).length;
  const labels = queue.texts - (rows.perLabel.get(null) ?? 0) + unlabelled;
  return certify({
    audit,
    decisions,
    disputed: log.disputed(),
    teacherLabels,
    labels,
    confidence: queue.confidence,
  });
}
