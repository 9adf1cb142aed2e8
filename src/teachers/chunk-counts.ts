/** Counts of a chunk, from its ledger and the replies of its texts. */
import { type AnnotationCounts, OWN_TEACHER, type StoredReply, type Task } from '../contracts/index.js';
import { NOTHING_SPENT } from '../voting/index.js';
import type { Ledger } from './reply-ledger.js';
import { type PlannedQuestion, questionName, type TakenReplies, VotePlan } from './vote-plan.js';

interface ChunkOutcome {
  readonly task: Task;
  readonly plan: VotePlan;
  readonly ledger: Ledger;
  readonly byText: readonly TakenReplies<StoredReply>[];
}

export function chunkCounts({ task, plan, ledger, byText }: ChunkOutcome): AnnotationCounts {
  const replies = byText.flatMap((text) => text.replies);
  const paid = [...ledger.replies.values()];
  const finished = byText.filter((text) => text.finished);
  const escalation = byText.map((text) => text.replies.slice(text.always.length)).filter((each) => each.length > 0);
  const underMajority = new VotePlan(task, { ...task.votes, stop: 'majority' });
  const saved = finished.map((text) =>
    task.votes.stop === 'majority'
      ? text.planned - text.replies.length
      : text.replies.length - underMajority.take(among(text.replies)).replies.length,
  );
  return {
    texts: finished.length,
    calls: ledger.spent.calls,
    replies: paid.length,
    reused: replies.filter((reply) => !ledger.replies.has(reply.key)).length,
    unreadable: replies.filter((reply) => reply.vote.unreadable !== null).length,
    truncated: replies.filter((reply) => reply.vote.unreadable === 'truncated').length,
    uncertain: ledger.uncertain,
    retried: ledger.errors,
    busy: ledger.busy,
    inputTokens: sum(paid.map((reply) => reply.inputTokens ?? 0)),
    outputTokens: sum(paid.map((reply) => reply.outputTokens ?? 0)),
    spentMicros: ledger.spent.micros,
    spentTokens: ledger.spent.tokens,
    identical: byText.filter((text) => isIdentical(text.replies)).length,
    callsMajorityWouldSave: sum(saved),
    escalated: escalation.length,
    escalationMicros: sumOrUnknown(
      escalation
        .flat()
        .filter(({ key }) => ledger.replies.has(key))
        .map(({ costMicros }) => costMicros),
    ),
    teachers: Object.fromEntries(
      [...new Set(plan.questions.map(({ teacher }) => teacher))].map((name) => [name, ofTeacher(name, ledger, paid)]),
    ),
  };
}

function ofTeacher(
  name: string,
  { spentOn }: Ledger,
  paid: readonly StoredReply[],
): AnnotationCounts['teachers'][string] {
  const { calls, micros: spentMicros } = spentOn.get(name) ?? NOTHING_SPENT;
  return { calls, replies: paid.filter(({ teacher = OWN_TEACHER }) => teacher === name).length, spentMicros };
}

function among(replies: readonly StoredReply[]): (question: PlannedQuestion) => StoredReply | undefined {
  const byName = new Map(replies.map((reply) => [questionName(reply), reply]));
  return (question) => byName.get(questionName(question));
}

/** Reasons of independent samples differ; the same words again and again come from a cache or from temperature 0. */
function isIdentical(replies: readonly StoredReply[]): boolean {
  const [first] = replies;
  const reasoned = replies.filter(({ prompt, teacher }) => prompt === 'reasoned' && teacher === first?.teacher);
  return reasoned.length > 1 && new Set(reasoned.map((reply) => reply.content)).size === 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function sumOrUnknown(numbers: readonly (number | null)[]): number | null {
  return numbers.reduce((total, each) => (total === null || each === null ? null : total + each), 0);
}
