/** What a run is after its first step: everything is resolved, priced and checked. */
import { z } from 'zod';
import { RunRef } from './artifact.js';
import { CorpusCounts } from './corpus.js';
import { DeploymentGateSettings, LabelsGateSettings } from './gate-settings.js';
import { Grant, Spending } from './spending.js';

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
