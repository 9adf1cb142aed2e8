/** Counts of a chunk, from its ledger and the replies of its texts. */
import type { AnnotationCounts, StoredReply, Task } from '../contracts/index.js';
import type { Ledger } from './reply-ledger.js';
import { nextWave, plannedQuestions, questionsUnderMajority } from './vote-plan.js';

interface ChunkOutcome {
  readonly task: Task;
  readonly ledger: Ledger;
  /** Replies of each text, in the order of the plan. */
  readonly byText: readonly (readonly StoredReply[])[];
}

export function chunkCounts({ task, ledger, byText }: ChunkOutcome): AnnotationCounts {
  const plannedVotes = plannedQuestions(task).length;
  const names = task.labels.map((label) => label.name);
  const replies = byText.flat();
  const paid = [...ledger.replies.values()];
  const finished = byText.filter((each) => nextWave(votesOf(each), plannedVotes, names, task.votes) === 0);
  const saved = finished.map((each) =>
    task.votes.stop === 'majority'
      ? plannedVotes - each.length
      : plannedVotes - questionsUnderMajority(votesOf(each), names, task.votes),
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
    identical: byText.filter(isIdentical).length,
    callsMajorityWouldSave: sum(saved),
  };
}

function votesOf(replies: readonly StoredReply[]) {
  return replies.map((reply) => reply.vote);
}

/** Reasons of independent samples differ; the same words again and again come from a cache or from temperature 0. */
function isIdentical(replies: readonly StoredReply[]): boolean {
  const reasoned = replies.filter((reply) => reply.prompt === 'reasoned');
  return reasoned.length > 1 && new Set(reasoned.map((reply) => reply.content)).size === 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
