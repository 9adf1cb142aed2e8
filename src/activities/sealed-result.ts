/** Every stage looks for its own result first: after an outage of the server a finished activity runs again, and must
 *  neither pay nor compute twice, nor come to another result. */
import { createHash } from 'node:crypto';
import type { ZodType } from 'zod';
import type { Store } from '../store/index.js';

/** The result under the stage's name and input, from the store if it is there, else from the work. */
export async function sealedResult<Result>(
  store: Store,
  place: { runFolder: string; stage: string; input: unknown; schema: ZodType<Result> },
  work: () => Promise<Result>,
): Promise<Result> {
  const digest = createHash('sha256').update(JSON.stringify(place.input)).digest('hex').slice(0, 16);
  const path = `${place.runFolder}/results/${place.stage}-${digest}.json`;
  const read = async () => place.schema.parse(JSON.parse(Buffer.from(await store.read(path)).toString('utf8')));
  if (await store.exists(path)) return read();
  const result = await work();
  // Of two attempts that finish, the first one's result is the stage's result.
  return (await store.writeOnce(path, JSON.stringify(result))) ? result : read();
}
