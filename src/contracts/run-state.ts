/** What a run carries over when it continues as new: between two shards, or before a revision is asked, when no child is open. */
import { z } from 'zod';
import { AnnotationResult } from './annotation.js';
import { RunBudgetState } from './budget-decision.js';
import { GateName, GateOutcome } from './gate.js';
import { PreparedRun } from './prepared-run.js';
import { Progress } from './run.js';
import { RevisedRun, VoteInput, VoteOutcome } from './stages.js';

/** The labels of a run that has come to its labels gate. */
export const LabelsState = z.object({
  vote: VoteInput,
  votes: VoteOutcome,
  revised: z.array(RevisedRun).describe('Revisions whose votes are counted.'),
  asking: z
    .object({ run: RevisedRun, outcome: GateOutcome })
    .nullable()
    .describe('The revision that is to be asked, or is being asked.'),
});
export type LabelsState = z.infer<typeof LabelsState>;

export const DecisionById = z.object({ decisionId: z.string(), gate: GateName, outcome: GateOutcome });
export type DecisionById = z.infer<typeof DecisionById>;

export const RunState = z.object({
  prepared: PreparedRun,
  nextChunk: z.number().int(),
  finished: AnnotationResult.describe('Of the shards that have ended, of the texts that are being asked about.'),
  before: AnnotationResult.nullish().describe(
    'Of what was asked before: where a revision is asked, of the run itself.',
  ),
  pausedByPerson: z.boolean(),
  askingSeconds: z.number(),
  budget: RunBudgetState,
  labels: LabelsState.nullish().describe('null: the votes have not been counted yet.'),
  decisions: z.array(DecisionById).nullish().describe('At gates, those that had an id.'),
  progress: Progress,
});
export type RunState = z.infer<typeof RunState>;
