/** Rows of a review as its page lists them: the table, and the queues of rows to decide on. */
import type { QueueName, ReviewDecision, ReviewRow, RowsQuery } from '../../contracts/index.js';
import type { ReviewLog } from '../review-log.js';
import type { DeskState } from './desk-state.js';
import type { PageRow, RowsAnswer, Sample, Standing, TableRow } from './page-api.js';
import { clipped } from './shown-text.js';

/** A row in a list; place: in it, from 1. */
export interface Placed {
  readonly row: ReviewRow;
  readonly sample: Sample;
  readonly place: number;
}

/** As much of a text as a line of the table shows. */
const LINE = 200;

/** The rows that fit, by doubt; those that the audit hides yet only where it is asked for. */
export function tableRows(state: DeskState, query: RowsQuery): RowsAnswer {
  const fitting = inOrder(state, query.sample).filter((placed) => fits(state, placed, query));
  const rows = fitting.slice(query.offset, query.offset + query.limit).map((placed) => tableRow(state, placed));
  return { rows, total: fitting.length };
}

/** Rows of a queue behind a place that wait for this reviewer's decision, in the queue's order. */
export function* waitingRows(
  state: DeskState,
  { after, queue, reviewer }: { queue: QueueName; after: number; reviewer: string },
): Generator<Placed> {
  if (queue === 'differing') yield* differing(state, after);
  else if (queue === 'again') yield* again(state, after, reviewer);
  else {
    const keys = queue === 'audit' ? (state.audit?.keys ?? []) : state.rows.doubtful.map(({ key }) => key);
    const { decisions, kept } = state;
    for (let place = after + 1; place <= keys.length; place++) {
      const key = keys[place - 1]!;
      const row = state.row(key);
      if (row === null || decisions.has(key) || (queue === 'fix' && kept.has(key))) continue;
      yield { row, sample: queue, place };
    }
  }
}

/** Texts of the audit that others have decided, and this reviewer has not. Those that somebody settled need no more opinions. */
export function secondOpinions({ audit, log }: DeskState, reviewer: string): number {
  return (audit?.keys ?? []).filter((key) => wantsOpinion(log, key, reviewer)).length;
}

/** As it is shown to who gives an opinion of their own: neither what the teacher said nor what others did. */
export function blindRow(state: DeskState, row: ReviewRow): PageRow {
  return { ...shownRow(state, row), teacher: null, decision: null, opinions: [], differing: false };
}

/** The row with its whole text. */
export function shownRow(state: DeskState, row: ReviewRow): PageRow {
  const { key, id, text } = row;
  const { log } = state;
  const sample = state.sampleOf(key);
  const decision = log.standing(key);
  const opinions = [...log.opinions(key).values()];
  const hidden = sample === 'audit' && decision === null;
  return {
    key,
    id,
    sample,
    text,
    textLength: text.length,
    teacher: hidden ? null : teacherOf(state, row),
    decision: decision && standing(decision),
    opinions: opinions.length > 1 ? opinions.map(standing) : [],
    differing: log.disputed().has(key),
    version: log.history(key).length,
  };
}

function* again(state: DeskState, after: number, reviewer: string): Generator<Placed> {
  for (const [index, key] of (state.audit?.keys ?? []).entries()) {
    const row = state.row(key);
    if (index < after || row === null || !wantsOpinion(state.log, key, reviewer)) continue;
    yield { row, sample: 'audit', place: index + 1 };
  }
}

function wantsOpinion(log: ReviewLog, key: string, reviewer: string): boolean {
  const standing = log.standing(key);
  return standing?.purpose === 'audit' && !standing.adjudicates && !log.opinions(key).has(reviewer);
}

/** Texts about which people differ, in the order in which they were first decided. */
function* differing(state: DeskState, after: number): Generator<Placed> {
  const { log } = state;
  const disputed = log.disputed();
  for (const [index, key] of [...log.keys()].entries()) {
    const row = state.row(key);
    if (index < after || !disputed.has(key) || row === null) continue;
    yield { row, sample: log.standing(key)?.purpose ?? 'fix', place: index + 1 };
  }
}

function inOrder(state: DeskState, sample: Sample | undefined): Placed[] {
  const { audit, decisions, kept, rows } = state;
  if (sample === 'audit') {
    return (audit?.keys ?? []).flatMap((key, index) => {
      const row = state.row(key);
      // Where it was fixed before its turn came, there is nothing to ask.
      if (row === null || decisions.get(key)?.purpose === 'fix') return [];
      return [{ row, sample, place: index + 1 }];
    });
  }
  return rows.doubtful.flatMap((row, index) => {
    const purpose = decisions.get(row.key)?.purpose;
    if (purpose === undefined && kept.has(row.key)) return [];
    if (sample === 'fix' && purpose === 'audit') return [];
    return [{ row, sample: purpose ?? 'fix', place: index + 1 }];
  });
}

/** Whether a row is among those asked for, by the label that stands. */
function fits({ decisions, log }: DeskState, { row, sample }: Placed, { label, search, state }: RowsQuery): boolean {
  const decision = decisions.get(row.key);
  // To be found by its label would tell the label that the audit hides.
  if (sample === 'audit' && decision === undefined && label !== undefined) return false;
  if (state === 'open' && decision !== undefined) return false;
  if (state === 'decided' && decision === undefined) return false;
  if (state === 'changed' && (decision === undefined || decision.label === row.label)) return false;
  if (state === 'differing' && !log.disputed().has(row.key)) return false;
  if (label !== undefined && (decision ?? row).label !== (label === '' ? null : label)) return false;
  if (search === undefined || search === '') return true;
  const sought = search.toLowerCase();
  return row.text.toLowerCase().includes(sought) || row.id.toLowerCase().includes(sought);
}

function tableRow({ log }: DeskState, { row, sample }: Placed): TableRow {
  const { doubt, id, key, label, text, why } = row;
  const decision = log.standing(key);
  const hidden = sample === 'audit' && decision === null;
  return {
    key,
    id,
    sample,
    text: clipped(text, LINE),
    cut: text.length > LINE,
    teacher: hidden ? null : { label, doubt, why: clipped(why.join('; '), LINE) },
    decision: decision && standing(decision),
  };
}

function teacherOf({ queue }: DeskState, { doubt, label, student, votes, why }: ReviewRow): PageRow['teacher'] {
  const likeliest = student?.map((probability, index) => ({ label: queue.labels[index]?.name ?? '', probability }));
  likeliest?.sort((a, b) => b.probability - a.probability);
  return { label, votes, doubt, why, student: likeliest ?? null };
}

function standing({ adjudicates, at, label, reviewer }: ReviewDecision): Standing {
  return { label, reviewer, at, adjudicates: adjudicates === true };
}
