/** Batches of tokenised texts: padded inputs of the graph, and batches of similar lengths. */
import type { ModelInput } from '../student.js';
import { IDS_INPUT, MASK_INPUT } from './encoder-graph.js';

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
