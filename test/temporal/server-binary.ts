/** The Temporal CLI for tests that run the real server. */
import { findServerBinary } from '../../src/temporal/index.js';

/** Its path. Throws where there is none: `npm test` finds or builds one beforehand. */
export async function serverBinaryPath(): Promise<string> {
  const found = await findServerBinary({ env: process.env, install: false, onProgress: () => {} });
  if (found === null) throw new Error('no Temporal CLI is found: run `npm test`, or set TEMPORAL_CLI_PATH');
  return found.path;
}
