/** Adding up what became of calls and texts, over chunks, shards and runs. */
import type { AnnotationCounts, Spending, TeacherCounts } from '../contracts/index.js';

/** Counts of nothing: adding them to others changes nothing. */
export function emptyCounts(): AnnotationCounts {
  return {
    texts: 0,
    calls: 0,
    replies: 0,
    reused: 0,
    unreadable: 0,
    truncated: 0,
    uncertain: 0,
    retried: 0,
    busy: 0,
    inputTokens: 0,
    outputTokens: 0,
    spentMicros: 0,
    spentTokens: 0,
    identical: 0,
    callsMajorityWouldSave: 0,
    escalated: 0,
    escalationMicros: 0,
    teachers: {},
  };
}

/** Counts of both. Spending is null (price not known) as soon as one side's is, unless that side sent nothing: no call
 *  and nothing uncertain costs 0 at any price. */
export function addCounts(a: AnnotationCounts, b: AnnotationCounts): AnnotationCounts {
  const spentByA = spending(a);
  const spentByB = spending(b);
  return {
    texts: a.texts + b.texts,
    calls: a.calls + b.calls,
    replies: a.replies + b.replies,
    reused: a.reused + b.reused,
    unreadable: a.unreadable + b.unreadable,
    truncated: a.truncated + b.truncated,
    uncertain: a.uncertain + b.uncertain,
    retried: a.retried + b.retried,
    busy: a.busy + b.busy,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    spentMicros: sum(spentByA, spentByB),
    spentTokens: a.spentTokens + b.spentTokens,
    identical: a.identical + b.identical,
    callsMajorityWouldSave: a.callsMajorityWouldSave + b.callsMajorityWouldSave,
    escalated: a.escalated + b.escalated,
    escalationMicros: sum(a.escalationMicros, b.escalationMicros),
    teachers: addTeachers(a.teachers, b.teachers),
  };
}

/** What the calls came to, as the budget counts it. */
export function spendingOf(counts: AnnotationCounts): Spending {
  return { calls: counts.calls, tokens: counts.spentTokens, micros: spending(counts) };
}

function spending(counts: AnnotationCounts): number | null {
  const sentNothing = counts.calls === 0 && counts.uncertain === 0;
  return counts.spentMicros ?? (sentNothing ? 0 : null);
}

type ByTeacher = Readonly<Record<string, TeacherCounts>>;

function addTeachers(a: ByTeacher, b: ByTeacher): Record<string, TeacherCounts> {
  const both = { ...a };
  for (const [name, { calls, replies, spentMicros }] of Object.entries(b)) {
    const before = both[name] ?? { calls: 0, replies: 0, spentMicros: 0 };
    both[name] = {
      calls: before.calls + calls,
      replies: before.replies + replies,
      spentMicros: sum(before.spentMicros, spentMicros),
    };
  }
  return both;
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
