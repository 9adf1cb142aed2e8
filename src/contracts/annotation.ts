/** Asking for the votes: chunks, the shard that runs them, and what they came to. */
import { z } from 'zod';
import { ShardBudget } from './budget-decision.js';
import { PreparedRun } from './prepared-run.js';
import { AnnotationCounts } from './reply.js';

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

const PerCurrency = z.object({ calls: z.number(), tokens: z.number(), micros: z.number() });

/** What a shard carries over when it continues as new; no chunk is at work then. */
export const ShardState = z.object({
  nextChunk: z.number().int(),
  done: z.number().int().describe('Chunks that have ended.'),
  result: AnnotationResult,
  taken: PerCurrency.describe('Spent of the budget.'),
  withoutGrant: z
    .array(z.object({ chunk: z.number().int(), spent: PerCurrency }))
    .default([])
    .describe('What of it chunks have spent that had no grant yet.'),
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
