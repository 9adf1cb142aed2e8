/** Batches of tokenised texts: padded inputs of the graph, and batches of similar lengths. */
import type { ModelInput } from '../student.js';
import { IDS_INPUT, MASK_INPUT } from './encoder-graph.js';
import { shuffle } from './random.js';

export type EncoderInputs = Record<typeof IDS_INPUT | typeof MASK_INPUT, ModelInput & { readonly data: BigInt64Array }>;

/** The graph's inputs for texts of any lengths, padded on the right to the longest; the mask hides the padding, so its id
 *  does not matter. */
export function padBatch(texts: readonly (readonly number[])[]): EncoderInputs {
  const tokens = Math.max(...texts.map((ids) => ids.length));
  const dims = [texts.length, tokens];
  const ids = new BigInt64Array(texts.length * tokens);
  const mask = new BigInt64Array(texts.length * tokens);
  for (const [row, text] of texts.entries()) {
    for (const [column, id] of text.entries()) {
      ids[row * tokens + column] = BigInt(id);
      mask[row * tokens + column] = 1n;
    }
  }
  return {
    [IDS_INPUT]: { type: 'int64', dims, data: ids },
    [MASK_INPUT]: { type: 'int64', dims, data: mask },
  };
}

/** One epoch's batches of row numbers, in random order. Rows of similar lengths stand together, so that little is padded:
 *  they are sorted within random windows of some batches. */
export function epochBatches(lengths: readonly number[], batchSize: number, random: () => number): number[][] {
  const order = shuffle([...lengths.keys()], random);
  const batches: number[][] = [];
  for (let start = 0; start < order.length; start += batchSize * WINDOW_BATCHES) {
    const window = order.slice(start, start + batchSize * WINDOW_BATCHES);
    batches.push(...slices(byLength(window, lengths), batchSize));
  }
  return shuffle(batches, random);
}

export interface StepSize {
  /** Texts of a step. */
  readonly batchSize: number;
  /** Tokens of the longest text. */
  readonly longest: number;
  /** Tokens, padding included, that are gone through at once. */
  readonly microBatchTokens: number;
}

/** Tokens, padding included, of the largest part of a step. */
export function mostTokens({ batchSize, longest, microBatchTokens }: StepSize): number {
  return Math.min(batchSize * longest, Math.max(microBatchTokens, longest));
}

/** Texts in parts that are gone through one after another: of at most `tokens` tokens each with their padding, or of one text.
 *  What is small enough is one part in its own order; else the shortest texts come first. */
export function microBatches(lengths: readonly number[], tokens: number): number[][] {
  const all = [...lengths.keys()];
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  if (lengths.length * longest <= tokens) return [all];
  const parts: number[][] = [];
  let part: number[] = [];
  for (const text of byLength(all, lengths)) {
    if (part.length > 0 && (part.length + 1) * lengths[text]! > tokens) {
      parts.push(part);
      part = [];
    }
    part.push(text);
  }
  return [...parts, part];
}

/** All rows in batches of similar lengths, the shortest first. */
export function sortedBatches(lengths: readonly number[], batchSize: number): number[][] {
  return slices(byLength([...lengths.keys()], lengths), batchSize);
}

/** All rows in batches of at most so many tokens, padding included, or of one row; the longest first. */
export function tokenBatches(lengths: readonly number[], mostTokens: number): number[][] {
  const batches: number[][] = [];
  for (const row of byLength([...lengths.keys()], lengths).reverse()) {
    const batch = batches.at(-1);
    const fits = batch !== undefined && (batch.length + 1) * lengths[batch[0]!]! <= mostTokens;
    if (fits) batch.push(row);
    else batches.push([row]);
  }
  return batches;
}

const WINDOW_BATCHES = 16;

function byLength(rows: readonly number[], lengths: readonly number[]): number[] {
  return rows.toSorted((a, b) => lengths[a]! - lengths[b]!);
}

function slices(rows: readonly number[], size: number): number[][] {
  const parts: number[][] = [];
  for (let start = 0; start < rows.length; start += size) parts.push(rows.slice(start, start + size));
  return parts;
}
