/** What a run has come to: the result of the workflow, and what a failed one tells of how far it came. Pure. */
import type {
  DeployOutcome,
  DistillationResult,
  EvaluateOutcome,
  PreparedRun,
  Progress,
  TrainingSummary,
  VoteOutcome,
} from '../contracts/index.js';

/** Artifacts of the stages that have ended. */
export interface Reached {
  prepared?: PreparedRun;
  votes?: VoteOutcome;
  student?: TrainingSummary;
  evaluated?: EvaluateOutcome;
  deployed?: DeployOutcome;
}

export function resultOf(progress: Progress, reached: Reached): DistillationResult {
  const { deployed, evaluated, prepared, student, votes } = reached;
  const { annotation, budget, gates, revisions, workflowId } = progress;
  const uri = (path: string) => `${prepared?.run.store.uri}/${path}`;
  return {
    workflowId,
    annotation: {
      texts: prepared?.counts.texts ?? 0,
      calls: annotation.calls,
      busy: annotation.busy,
      unreadable: annotation.unreadable,
      labelled: votes?.summary.labelled ?? 0,
      incomplete: Math.max(0, (prepared?.counts.texts ?? 0) - annotation.texts),
      uncertain: annotation.uncertain,
      reused: annotation.reused,
      costUsd: inDollars(annotation.spentMicros),
      escalated: annotation.escalated,
      escalationUsd: inDollars(annotation.escalationMicros),
      teachers: (prepared?.teachers ?? []).map(({ name, model, host }) => {
        const { calls, spentMicros } = annotation.teachers[name] ?? { calls: 0, spentMicros: 0 };
        return { name, model, host, calls, costUsd: inDollars(spentMicros) };
      }),
    },
    budget: budget?.decisions ?? [],
    revisions,
    labels: votes
      ? {
          uri: uri(votes.summary.labels.path),
          alpha: votes.summary.alpha,
          agreement: votes.summary.agreement ? uri(votes.summary.agreement.path) : null,
          replies: uri(votes.summary.replies.path),
        }
      : null,
    gates: { labels: gates.labels ?? null, deployment: gates.deployment ?? null },
    student: student ? { kind: student.kind, uri: uri(student.folder), trainSeconds: student.trainSeconds } : null,
    evaluation: evaluated
      ? {
          basis: evaluated.summary.basis,
          rows: evaluated.summary.rows,
          teacher: evaluated.summary.teacher && figures(evaluated.summary.teacher),
          student: figures(evaluated.summary.student),
          report: uri(evaluated.summary.markdown.path),
        }
      : null,
    deployment: deployed ? { version: deployed.version, uri: uri(deployed.folder) } : null,
  };
}

function inDollars(micros: number | null): number | null {
  return micros === null ? null : micros / 1e6;
}

function figures({ accuracy, macroF1 }: { accuracy: number; macroF1: number }) {
  return { accuracy, macroF1 };
}
