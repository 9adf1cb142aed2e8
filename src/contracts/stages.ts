/** What the workflows hand to the activities, stage by stage, and what comes back. Plain JSON, parsed on arrival. */
import { z } from 'zod';
import { BatchProgress, ChunkResult } from './annotation.js';
import { ArtifactRef, RunRef } from './artifact.js';
import { Certificate } from './certificate.js';
import { EvaluationSummary, LearningCurve } from './evaluation.js';
import { GateCheck, RevisionSignal } from './gate.js';
import { VoteSummary, Weighing } from './label.js';
import { PreparedRun } from './prepared-run.js';
import { RevisedLabels, RevisionPlan } from './revision.js';
import { DistillationResult } from './run.js';
import { Grant } from './spending.js';
import { TrainingSummary } from './student.js';

export const PrepareInput = z.object({
  input: z.unknown().describe('DistillationInput as it was sent.'),
  workflowId: z.string(),
  runId: z.string().describe("First execution's run id: names the run's folder."),
});
export type PrepareInput = z.infer<typeof PrepareInput>;

export const ChunkInput = z.object({ prepared: PreparedRun, chunk: z.number().int(), grant: Grant });
export type ChunkInput = z.infer<typeof ChunkInput>;

/** One step of a chunk whose teacher answers in batches. */
export const BatchStep = z.object({
  result: ChunkResult.nullable().describe('null: the chunk waits.'),
  waitMs: z.number().nullable().describe('For room at the provider; null: for its open batches.'),
});
export type BatchStep = z.infer<typeof BatchStep>;

export const BatchesInput = z.object({ prepared: PreparedRun, chunks: z.array(z.number().int()) });
export type BatchesInput = z.infer<typeof BatchesInput>;

/** What the provider says of the open batches of some chunks. */
export const BatchesSeen = z.object({
  ended: z.array(z.number().int()).describe('Chunks that have something to do.'),
  progress: BatchProgress.nullable().describe('Of the others; null: none is open.'),
});
export type BatchesSeen = z.infer<typeof BatchesSeen>;

export const ControlInput = z.object({ run: RunRef, state: z.enum(['running', 'paused', 'cancelled']) });
export type ControlInput = z.infer<typeof ControlInput>;

export const SettleInput = z.object({ prepared: PreparedRun });
export type SettleInput = z.infer<typeof SettleInput>;

export const SpentBeforeInput = z.object({ prepared: PreparedRun, firstChunk: z.number().int() });
export type SpentBeforeInput = z.infer<typeof SpentBeforeInput>;

/** What a gate shows: the automatic checks, and the evidence as Markdown. */
const Evidence = z.object({ checks: z.array(GateCheck), evidence: z.string() });

export const ReviseInput = z.object({
  prepared: PreparedRun,
  labels: ArtifactRef.describe('As they are now.'),
  number: RevisionPlan.shape.number,
  decision: RevisionSignal.pick({ reviewer: true, note: true, revision: true }),
  at: z.string().describe('ISO 8601 time of the decision.'),
  left: Grant.describe('Of the budget.'),
});
export type ReviseInput = z.infer<typeof ReviseInput>;

/** A revision that is ready to be asked. */
export const RevisedRun = RevisionPlan.extend({
  prepared: PreparedRun.describe(
    'As of a run of its own: its folder holds the revised task and the chunks to ask about.',
  ),
});
export type RevisedRun = z.infer<typeof RevisedRun>;

export const VoteInput = z.object({
  prepared: PreparedRun,
  failedChunks: z.number().int(),
  incompleteTexts: z.number().int().describe('Texts that the budget did not suffice for.'),
  revised: z
    .object({
      runs: z.array(RevisedRun).min(1).describe('All that have been asked, in their order.'),
      before: VoteSummary.describe('Before the last of them.'),
    })
    .optional(),
});
export type VoteInput = z.infer<typeof VoteInput>;

export const VoteOutcome = Evidence.extend({
  summary: VoteSummary,
  revised: RevisedLabels.nullish().describe('What the last revision did; none: there was none.'),
});
export type VoteOutcome = z.infer<typeof VoteOutcome>;

export const CorrectionInput = z.object({
  vote: VoteInput,
  summary: VoteSummary,
  corrections: z.string().describe("File on the worker's disk, or store:PATH."),
  reviewer: z.string(),
});
export type CorrectionInput = z.infer<typeof CorrectionInput>;

export const CorrectionOutcome = VoteOutcome.extend({ changed: z.number().int() });
export type CorrectionOutcome = z.infer<typeof CorrectionOutcome>;

export const DistillInput = z.object({
  prepared: PreparedRun,
  labels: ArtifactRef,
  candidate: z.number().int().nullish().describe('Index among the students of a ladder; null: there is only one.'),
  fold: z
    .number()
    .int()
    .nullish()
    .describe('Train without this fold of the labelled texts, to compare; null: train the student itself.'),
  part: z
    .object({ share: z.number().gt(0).max(1), repeat: z.number().int() })
    .nullish()
    .describe('Train on this share of the texts that are not held out, drawn anew for each repeat; null: on all.'),
});
export type DistillInput = z.infer<typeof DistillInput>;

/** A student of the ladder, and its answers to held-out rows. */
export const TrainedCandidate = z.object({
  candidate: z.number().int(),
  student: TrainingSummary,
  folds: z
    .array(TrainingSummary)
    .describe('Trained without one fold each; empty: the validation split is compared on.'),
});
export type TrainedCandidate = z.infer<typeof TrainedCandidate>;

export const ChooseInput = z.object({
  prepared: PreparedRun,
  labels: ArtifactRef,
  trained: z.array(TrainedCandidate),
  refused: z.array(z.object({ candidate: z.number().int(), reason: z.string() })),
});
export type ChooseInput = z.infer<typeof ChooseInput>;

export const ChooseOutcome = z.object({
  student: TrainingSummary,
  report: ArtifactRef.describe('LadderReport as JSON; a picture and Markdown lie beside it.'),
  evidence: z.string().describe('Markdown.'),
});
export type ChooseOutcome = z.infer<typeof ChooseOutcome>;

/** Input of the workflow type `learningCurve`, over the labels of a run. */
export const CurveInput = z.object({
  prepared: PreparedRun,
  labels: ArtifactRef,
  candidate: z.number().int().nullable().describe('Index among the students of a ladder; null: there is only one.'),
  shares: z.array(z.number().gt(0).max(1)).min(2),
  repeats: z.number().int().min(1).describe('Trainings on each share below 1.'),
  more: z.number().int().min(1).describe('Labels that may be added.'),
});
export type CurveInput = z.infer<typeof CurveInput>;

export const DrawCurveInput = CurveInput.extend({
  trained: z.array(z.object({ share: z.number(), repeat: z.number().int(), student: TrainingSummary })),
});
export type DrawCurveInput = z.infer<typeof DrawCurveInput>;

export const CurveOutcome = z.object({
  curve: LearningCurve,
  picture: ArtifactRef.describe('SVG.'),
  evidence: z.string().describe('Markdown.'),
});
export type CurveOutcome = z.infer<typeof CurveOutcome>;

export const EvaluateInput = z.object({
  prepared: PreparedRun,
  labels: ArtifactRef,
  student: TrainingSummary,
  spentMicros: z.number().int().nullable(),
  textsAnnotated: z.number().int(),
  weighing: Weighing.nullish(),
  certificate: Certificate.nullish(),
});
export type EvaluateInput = z.infer<typeof EvaluateInput>;

export const EvaluateOutcome = Evidence.extend({ summary: EvaluationSummary });
export type EvaluateOutcome = z.infer<typeof EvaluateOutcome>;

export const DeployInput = z.object({
  prepared: PreparedRun,
  labels: ArtifactRef,
  student: TrainingSummary,
  evaluation: EvaluationSummary,
  approvedBy: z.string(),
  weighing: Weighing.nullish(),
  certificate: Certificate.nullish(),
});
export type DeployInput = z.infer<typeof DeployInput>;

export const DeployOutcome = z.object({ version: z.number().int(), folder: z.string() });
export type DeployOutcome = z.infer<typeof DeployOutcome>;

/** How a run ended, kept in the store: the server forgets closed runs. */
export const RunOutcome = z.object({
  run: RunRef,
  endedAt: z.string().describe('ISO 8601.'),
  failure: z.object({ type: z.string(), message: z.string() }).nullable().describe('null: it deployed.'),
  result: DistillationResult,
});
export type RunOutcome = z.infer<typeof RunOutcome>;

/** Input of the child workflow `review`: one wait for a person. */
export const ReviewInput = z.object({
  gate: z.string(),
  task: z.string(),
  evidence: z.string(),
  deadlineMs: z.number(),
  reminderMs: z.number(),
  webhookEnv: z.string().nullable(),
  escalateMs: z.number().nullable().describe('From then on the second webhook is told, too.'),
  escalateWebhookEnv: z.string().nullable(),
  approveCommand: z.string(),
});
export type ReviewInput = z.infer<typeof ReviewInput>;

/** What a webhook is sent: `text` is what Slack and its like show, the rest is for programs. No text of the corpus. */
export const WaitNotice = z.object({
  text: z.string(),
  workflowId: z.string(),
  task: z.string(),
  gate: z.string(),
  deadline: z.string().describe('ISO 8601.'),
  reminder: z.number().int().describe('0: the gate has just opened.'),
  escalated: z.boolean(),
  approveCommand: z.string(),
});
export type WaitNotice = z.infer<typeof WaitNotice>;

export const NotifyInput = z.object({
  webhookEnv: z.string().describe('Name of the environment variable that holds the address.'),
  notice: WaitNotice,
});
export type NotifyInput = z.infer<typeof NotifyInput>;
