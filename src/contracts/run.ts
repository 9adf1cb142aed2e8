/** Inputs, results and progress of the workflows: what users type, read and script against. */
import { z } from 'zod';
import { BatchProgress, Pace } from './annotation.js';
import { BudgetOutcome } from './budget-decision.js';
import { CorpusInput, GoldInput } from './corpus.js';
import { GateName, GateOutcome } from './gate.js';
import { DeploymentGateSettings } from './gate-settings.js';
import { AnnotationCounts } from './reply.js';
import { ReviewNews } from './review-news.js';
import { RevisionOutcome } from './revision.js';
import { Grant } from './spending.js';
import { TrainingNews } from './student.js';

/** Input of the workflow type `distillation`: one JSON object, as the Temporal UI and CLI send it. */
export const DistillationInput = z.strictObject({
  task: z
    .union([z.string().min(1), z.record(z.string(), z.unknown())])
    .describe("The task: an object, a shipped task's name, a YAML file on the worker's disk, or store:PATH."),
  set: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('Overrides of the task\'s keys: {"votes.stop": "majority"}.'),
  corpus: z
    .union([
      z
        .string()
        .min(1)
        .transform((path) => CorpusInput.parse({ path })),
      CorpusInput,
    ])
    .describe("The texts to label: a path on the worker's disk or an address, or an object with path and columns."),
  gold: z
    .union([
      z
        .string()
        .min(1)
        .transform((path) => GoldInput.parse({ path })),
      GoldInput,
    ])
    .nullable()
    .default(null)
    .describe(
      "Texts with experts' labels, used to measure only. Without it, labelled rows of the corpus are held out.",
    ),
  approveAs: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Approve both gates under this name if all checks pass; else reject.'),
  until: z
    .enum(['vote', 'deploy'])
    .default('deploy')
    .describe('vote: the run ends when the votes are counted; nobody is asked, and no student is trained.'),
  store: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "Where artifacts go: a folder on the worker's disk, file:///FOLDER or s3://BUCKET/PREFIX; null: the worker's store.",
    ),
});
export type DistillationInput = z.infer<typeof DistillationInput>;

/** Input of the workflow type `redistillation`, started by a schedule. */
export const RedistillationInput = DistillationInput;
export type RedistillationInput = z.infer<typeof RedistillationInput>;

export const Stage = z.enum([
  'prepare',
  'annotate',
  'vote',
  'labels gate',
  'distill',
  'evaluate',
  'deployment gate',
  'deploy',
  'done',
]);
export type Stage = z.infer<typeof Stage>;

/** Answer of the query `progress`. */
export const Progress = z.object({
  workflowId: z.string(),
  task: z.string().nullable(),
  stage: Stage,
  paused: z.boolean(),
  pauseReason: z.string().nullable(),
  texts: z.object({ done: z.number().int(), total: z.number().int() }),
  annotation: AnnotationCounts,
  gold: AnnotationCounts,
  callsAtMost: z.number().int(),
  teacherHost: z.string().nullable().describe('Where texts go; of several teachers all.'),
  callsPerSecond: z.number().nullable(),
  pace: Pace.nullable().describe('Of the worker that ended a chunk last; null: no rate holds it back.'),
  batches: BatchProgress.nullable().describe('Open at the provider; null: none.'),
  secondsLeft: z.number().nullable().describe('Of the stage annotate; with batches, until those that are open end.'),
  training: TrainingNews.nullish().describe('Of the stage distill; null: no training has told of itself.'),
  gates: z.record(z.string(), GateOutcome),
  waitingFor: z
    .object({
      gate: GateName,
      checks: GateOutcome.shape.checks,
      evidence: z.string().describe('What the decision is about, as Markdown.'),
      deadline: z.string().describe('ISO 8601.'),
      afterDeadline: DeploymentGateSettings.shape.afterDeadline,
      remindersSent: z.number().int(),
      approveCommand: z.string().describe('The exact command that would approve.'),
      rejectCommand: z.string(),
      review: ReviewNews.nullish().describe('What a server of the review page told last; none: nothing yet.'),
    })
    .nullable(),
  budget: z
    .object({
      limits: Grant,
      decisions: z.array(BudgetOutcome).describe('In their order.'),
      waiting: z
        .object({
          deadline: z.string().describe('ISO 8601. After it the run goes on with the labels there are.'),
          suggested: z
            .object({ usd: z.number(), calls: z.number().int(), tokens: z.number().int() })
            .partial()
            .describe('About what the texts that are left would take, by what those before took.'),
          remindersSent: z.number().int(),
          raiseCommand: z.string().describe('A command that would raise it.'),
          goOnCommand: z.string(),
        })
        .nullable()
        .describe('null: the run does not wait for budget.'),
    })
    .nullable()
    .describe('null: not known before the run is prepared.'),
  revisions: z.array(RevisionOutcome).default([]).describe('Those that are done, in their order.'),
  ignored: z.array(z.string()).describe('Signals that did not fit, newest last.'),
});
export type Progress = z.infer<typeof Progress>;

/** Result of `distillation`, and the object that `tutelage distill --json` prints. null: the run did not get there. */
export const DistillationResult = z.object({
  workflowId: z.string(),
  annotation: z.object({
    texts: z.number().int(),
    calls: z.number().int(),
    busy: z.number().int(),
    unreadable: z.number().int(),
    labelled: z.number().int(),
    incomplete: z
      .number()
      .int()
      .default(0)
      .describe('Texts of the corpus without all their votes: the budget did not suffice, or their chunk failed.'),
    uncertain: z.number().int(),
    reused: z.number().int(),
    costUsd: z.number().nullable(),
    escalated: z
      .number()
      .int()
      .describe('Texts of the corpus that more was asked about because their votes disagreed.'),
    escalationUsd: z.number().nullable().describe('What that asking cost.'),
    teachers: z.array(
      z.object({
        name: z.string(),
        model: z.string().nullable(),
        host: z.string(),
        calls: z.number().int(),
        costUsd: z.number().nullable(),
      }),
    ),
  }),
  budget: z.array(BudgetOutcome).describe('Raises of the budget, and decisions to go on without.'),
  revisions: z.array(RevisionOutcome).default([]).describe('Changed guidelines, in their order.'),
  labels: z
    .object({
      uri: z.string(),
      alpha: z.number().nullable(),
      agreement: z.string().nullish().describe('How far the votes agree, in full; none: no two votes about a text.'),
      replies: z.string(),
    })
    .nullable(),
  gates: z.object({ labels: GateOutcome.nullable(), deployment: GateOutcome.nullable() }),
  student: z.object({ kind: z.string(), uri: z.string(), trainSeconds: z.number() }).nullable(),
  evaluation: z
    .object({
      basis: z.enum(['gold', 'validation']),
      rows: z.number().int(),
      teacher: z.object({ accuracy: z.number(), macroF1: z.number() }).nullable(),
      student: z.object({ accuracy: z.number(), macroF1: z.number() }),
      report: z.string(),
    })
    .nullable(),
  deployment: z.object({ version: z.number().int(), uri: z.string() }).nullable(),
});
export type DistillationResult = z.infer<typeof DistillationResult>;
