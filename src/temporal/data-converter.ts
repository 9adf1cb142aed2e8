/** How inputs, results and failures look on their way to the server: scrubbed, and encrypted where a key is given. */
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { payloadCodec } from './payload-codec.js';

/** The built file, for the SDK and the workflow bundle to load; the same whether this runs from src or from dist. */
export const failureConverterPath = fileURLToPath(new URL('../../dist/temporal/failure-converter.js', import.meta.url));

/** Throws SetupError when TUTELAGE_PAYLOAD_KEY is set and is no key. */
export function dataConverter(env: NodeJS.ProcessEnv): DataConverter {
  return { failureConverterPath, payloadCodecs: [payloadCodec(env)] };
}
