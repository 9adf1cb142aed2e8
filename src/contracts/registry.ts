/** Versions of students, and which one is deployed. */
import { z } from 'zod';
import { ArtifactRef } from './artifact.js';
import { EvaluationSummary } from './evaluation.js';

export const Provenance = z.object({
  workflowId: z.string(),
  task: z.string(),
  taskHash: z.string(),
  teachers: z.array(
    z.object({ name: z.string(), provider: z.string(), model: z.string().nullable(), host: z.string() }),
  ),
  guidelines: z
    .array(
      z.object({
        revision: z
          .object({ number: z.number().int(), reviewer: z.string(), at: z.string(), examples: z.number().int() })
          .nullable()
          .describe("null: the task's own."),
        texts: z.number().int().describe('Texts trained on whose label the teacher gave under it.'),
        task: z.string().describe('Path in the store of the task with this guideline.'),
      }),
    )
    .default([])
    .describe("Where the guideline was revised; empty: all labels are of the task's."),
  corpusHash: z.string(),
  datasets: z.array(z.string()).default([]).describe('Datasets of the Hub that texts came from, each with its commit.'),
  labels: ArtifactRef,
  seed: z.number().int(),
  software: z.record(z.string(), z.string()).describe('Versions of tutelage, node and onnxruntime-node.'),
  approvedBy: z.string(),
});
export type Provenance = z.infer<typeof Provenance>;

export const ModelVersion = z.object({
  task: z.string(),
  version: z.number().int().min(1),
  kind: z.string(),
  createdAt: z.string(),
  labels: z.array(z.string()),
  textTemplate: z.string(),
  files: z.array(ArtifactRef).describe("The student's files; loaded as one folder."),
  evaluation: EvaluationSummary,
  provenance: Provenance,
});
export type ModelVersion = z.infer<typeof ModelVersion>;

export const DeployedPointer = z.object({
  version: z.number().int(),
  at: z.string(),
  by: z.string(),
  previous: z.number().int().nullable(),
});
export type DeployedPointer = z.infer<typeof DeployedPointer>;
