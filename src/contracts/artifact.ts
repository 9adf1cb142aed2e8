import { z } from 'zod';

/** A file in the store. The digest is checked on reading. */
export const ArtifactRef = z.object({
  path: z.string().describe('Path inside the store, with "/" between folders.'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().min(0),
});
export type ArtifactRef = z.infer<typeof ArtifactRef>;

/** Which store a run writes to. The id stands in the store itself: a worker that opens another folder under the same
 *  name sees another id and refuses. */
export const StoreRef = z.object({
  uri: z.string().describe('file:///absolute/folder, or s3://bucket/prefix'),
  id: z.string().describe('Random id written when the store was made.'),
});
export type StoreRef = z.infer<typeof StoreRef>;

/** The run that an activity works for. */
export const RunRef = z.object({
  workflowId: z.string(),
  folder: z.string().describe("The run's folder in the store: runs/<workflow id>/<first execution's run id>."),
  store: StoreRef,
});
export type RunRef = z.infer<typeof RunRef>;
