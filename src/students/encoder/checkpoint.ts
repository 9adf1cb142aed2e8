/** Checkpoints of a training: one safetensors file, replaced in one step, so that a kill leaves the last or the new one. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isFromFileSystem } from '../../hub/index.js';
import { type NamedTensor, openSafetensors, writeSafetensors } from './safetensors.js';

export const EpochFigures = z.object({
  epoch: z.number().int().describe('From 1.'),
  trainingLoss: z.number().describe("Mean of the epoch's steps, in nats, with dropout, to smoothed targets."),
  logLoss: z.number().describe('On the validation rows, in nats.'),
  agreement: z.number().describe('Share of validation rows answered as their target.'),
});
export type EpochFigures = z.infer<typeof EpochFigures>;

/** Where a training stands. Random numbers depend on the step's number alone, so they are no part of it. */
export const TrainingState = z.object({
  step: z.number().int().describe('Steps done.'),
  lossSum: z.number().describe("Of the present epoch's steps."),
  epochs: z.array(EpochFigures),
  /** The one with the lowest validation loss; 0 before the first. */
  bestEpoch: z.number().int(),
});
export type TrainingState = z.infer<typeof TrainingState>;

export interface CheckpointOptions {
  readonly folder: string;
  /** Names the training by all that decides its outcome. */
  readonly job: string;
  /** Between two checkpoints, at least, in milliseconds. */
  readonly everyMs: number;
}

/** Those of one training, whose state the schema describes. Without options there are none. */
export class Checkpoints<State> {
  private savedAt = performance.now();
  private unsaved: string | null = null;

  constructor(
    private readonly options: CheckpointOptions | null,
    private readonly schema: z.ZodType<State>,
  ) {}

  async restore(arrays: ReadonlyMap<string, Float32Array>): Promise<State | null> {
    if (this.options === null) return null;
    return restoreCheckpoint(this.options.folder, this.options.job, arrays, this.schema);
  }

  /** Unless it is too early for one. */
  async save(state: State, arrays: ReadonlyMap<string, Float32Array>): Promise<void> {
    if (this.options === null || performance.now() - this.savedAt < this.options.everyMs) return;
    await this.saveNow(state, arrays);
  }

  async saveNow(state: State, arrays: ReadonlyMap<string, Float32Array>): Promise<void> {
    if (this.options === null) return;
    this.unsaved = await saveCheckpoint(this.options.folder, this.options.job, state, arrays);
    this.savedAt = performance.now();
  }

  /** The phase of a training for people, with why the last checkpoint could not be saved. */
  phase(name: string): string {
    return this.unsaved === null ? name : `${name}, without a checkpoint (${this.unsaved})`;
  }
}

/** `arrays` are the weights and all else that training changes. `job` names the training: no other may go on from it. null: it is
 *  saved; else what the file system said, for a full disk is no reason to give up what was trained. */
export async function saveCheckpoint(
  folder: string,
  job: string,
  state: unknown,
  arrays: ReadonlyMap<string, Float32Array>,
): Promise<string | null> {
  const tensors: NamedTensor[] = [...arrays].map(([name, data]) => ({ name, dims: [data.length], data }));
  // An attempt that only seems dead may write at the same time: each has a file of its own.
  const draft = join(folder, `${process.pid}${DRAFT}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeSafetensors(draft, tensors, { job, state: JSON.stringify(state) });
    await rename(draft, join(folder, CHECKPOINT_FILE));
    return null;
  } catch (error) {
    if (!isFromFileSystem(error)) throw error;
    await rm(draft, { force: true }).catch(() => undefined);
    return error.message;
  }
}

/** Fills the arrays from the job's checkpoint; null when there is none that can be used: then they are as they were. */
export async function restoreCheckpoint<State>(
  folder: string,
  job: string,
  arrays: ReadonlyMap<string, Float32Array>,
  schema: z.ZodType<State>,
): Promise<State | null> {
  await removeDrafts(folder);
  const file = await openSafetensors(join(folder, CHECKPOINT_FILE)).catch(unusableAsNull);
  if (file === null) return null;
  try {
    if (file.metadata.job !== job) return null;
    // Another version may keep other arrays, or another state.
    const fits = [...arrays].every(([name, { length }]) => String(file.dims(name)) === String(length));
    const state = schema.safeParse(JSON.parse(file.metadata.state ?? 'null'));
    if (!fits || !state.success) return null;
    for (const [name, array] of arrays) array.set(await file.read(name));
    return state.data;
  } finally {
    await file.close();
  }
}

/** What killed attempts were writing. */
async function removeDrafts(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.endsWith(DRAFT))) {
    await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

/** A file that is not there, may not be read, or was damaged is no checkpoint. */
function unusableAsNull(error: unknown): null {
  if (error instanceof RangeError || isFromFileSystem(error)) return null;
  throw error;
}

const CHECKPOINT_FILE = 'checkpoint.safetensors';
const DRAFT = '.new';
