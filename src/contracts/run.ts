/** Inputs, results and progress of the workflows: what users type, read and script against. */
import { z } from 'zod';
import { RunRef } from './artifact.js';
import { BudgetOutcome, ShardBudget } from './budget-decision.js';
import { CorpusCounts, CorpusInput, GoldInput } from './corpus.js';
import { GateName, GateOutcome } from './gate.js';
import { AnnotationCounts } from './reply.js';
import { ReviewNews } from './review-news.js';
import { RevisionOutcome } from './revision.js';
import { Grant, Spending } from './spending.js';
import { TrainingNews } from './student.js';
import { DeploymentGateSettings, LabelsGateSettings } from './task.js';

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

export const ProbeResult = z.object({
  skipped: z.boolean().describe('true where every reply is known already, or the teacher is a recording.'),
  model: z.string().nullable(),
  jsonSchema: z.boolean().describe('The endpoint accepts a JSON schema.'),
  latencyMs: z.number().nullable(),
  inputTokens: z.number().nullable(),
});
export type ProbeResult = z.infer<typeof ProbeResult>;

/** A teacher that the run asks. */
export const PreparedTeacher = z.object({
  name: z.string().describe('As votes.plan calls it.'),
  host: z.string().describe('Host that gets the texts, or a word for people where there is none.'),
  model: z.string().nullable(),
  probe: ProbeResult,
});
export type PreparedTeacher = z.infer<typeof PreparedTeacher>;

/** All that the workflow needs to know of the task and the corpus. Nothing here is a default that code could change. */
export const PreparedRun = z.object({
  run: RunRef,
  taskName: z.string(),
  taskHash: z.string(),
  labels: z.array(z.string()),
  corpusHash: z.string(),
  counts: CorpusCounts,
  examples: z
    .object({
      shown: z.number().int(),
      inGold: z.number().int().describe('Left out, because they are gold texts.'),
    })
    .nullish()
    .describe('Worked examples of the prompts; null: of runs that did not tell.'),
  chunks: z.number().int().describe('Chunks of corpus and gold rows together.'),
  chunksPerShard: z.number().int(),
  window: z.number().int(),
  maxFailedChunks: z.number().int(),
  votesPerText: z.number().int().describe('The most that a text may get.'),
  textsPerChunk: z.number().int().describe('Of a full chunk.'),
  textsAsked: z.number().int().describe('Texts of the corpus and gold rows that the teacher is asked about.'),
  callsAtMost: z.number().int().describe('Calls if every reply has to be asked for once.'),
  worstCall: Spending.describe('The most that a call of the run can come to.'),
  budget: Grant,
  budgetDeadlineMs: z
    .number()
    .nullish()
    .describe('How long a run whose budget is used up waits for more; null: it goes on with the labels there are.'),
  gates: z.object({ labels: LabelsGateSettings, deployment: DeploymentGateSettings }),
  ladder: z
    .object({
      candidates: z.array(z.object({ name: z.string(), step: z.number().int() })),
      foldsBelow: z.number().int(),
      searchMs: z.number().nullable().describe('No further candidate of a step is begun after so long.'),
    })
    .nullish()
    .describe('The students to choose from; null: the task trains one.'),
  teachers: z.array(PreparedTeacher).min(1).describe('In the order of votes.plan.'),
  batches: z
    .object({ pollMs: z.number().int().describe('Shortest pause between two looks at open batches.') })
    .nullish()
    .describe('The teacher answers in batches; null: at once.'),
  searchAttributes: z.boolean().describe('The server knows TutelageTask and TutelageStage.'),
  localServer: z
    .string()
    .nullable()
    .describe("Address of the embedded server, for commands to type; null: the user's own."),
});
export type PreparedRun = z.infer<typeof PreparedRun>;

/** What held the calls back, where it was a rate and not the places in flight. */
export const Pace = z.object({
  perMinute: z.number().int(),
  unit: z.enum(['calls', 'tokens']),
  by: z
    .enum(['task', 'teacher'])
    .describe('task: the limit that the task declares; teacher: the one that the provider tells.'),
});
export type Pace = z.infer<typeof Pace>;

/** Batches that are open now. */
export const BatchProgress = z.object({
  batches: z.number().int(),
  requests: z.number().int(),
  answered: z.number().int().describe('Requests that the provider has worked on, whatever came of them.'),
  since: z.string().describe('When the oldest of them was sent; ISO 8601.'),
  due: z.string().nullable().describe('When the provider gives up the last of them; ISO 8601.'),
});
export type BatchProgress = z.infer<typeof BatchProgress>;

export const ChunkResult = z.object({
  chunk: z.number().int(),
  set: z.enum(['corpus', 'gold']),
  counts: AnnotationCounts,
  complete: z.boolean().describe('false: the grant was used up before every vote was asked for.'),
  pace: Pace.nullish().describe('Of the worker, when the chunk ended; null: nothing held it back.'),
});
export type ChunkResult = z.infer<typeof ChunkResult>;

/** Heartbeat of a chunk; only a hint for the board. */
export const ChunkProgress = z.object({ texts: z.number().int(), calls: z.number().int() });
export type ChunkProgress = z.infer<typeof ChunkProgress>;

export const AnnotationResult = z.object({
  corpus: AnnotationCounts,
  gold: AnnotationCounts,
  failedChunks: z.number().int(),
});
export type AnnotationResult = z.infer<typeof AnnotationResult>;

/** What a shard carries over when it continues as new; no chunk is at work then. */
export const ShardState = z.object({
  nextChunk: z.number().int(),
  done: z.number().int().describe('Chunks that have ended.'),
  result: AnnotationResult,
  taken: z.object({ calls: z.number(), tokens: z.number(), micros: z.number() }).describe('Spent of the budget.'),
  budget: ShardBudget,
  paused: z.boolean(),
  pauseReason: z.string().nullable(),
  pace: Pace.nullable(),
});
export type ShardState = z.infer<typeof ShardState>;

/** Input of the child workflow `annotation`: one shard of the chunks. */
export const AnnotationInput = z.object({
  prepared: PreparedRun,
  firstChunk: z.number().int(),
  lastChunk: z.number().int().describe('Exclusive.'),
  budget: ShardBudget.describe('When it started.'),
  paused: z.boolean(),
  carried: ShardState.nullable().describe('null: it has not continued as new.'),
});
export type AnnotationInput = z.infer<typeof AnnotationInput>;

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
  labels: z.object({ uri: z.string(), alpha: z.number().nullable(), replies: z.string() }).nullable(),
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
