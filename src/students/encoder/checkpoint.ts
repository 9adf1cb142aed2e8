/** Checkpoints of a training: one safetensors file, replaced in one step, so that a kill leaves the last or the new one. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
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

/** `arrays` are the weights and all else that training changes. `job` names the training: no other may go on from it. */
export async function saveCheckpoint(
  folder: string,
  job: string,
  state: TrainingState,
  arrays: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors: NamedTensor[] = [...arrays].map(([name, data]) => ({ name, dims: [data.length], data }));
  const path = join(folder, CHECKPOINT_FILE);
  await writeSafetensors(`${path}.new`, tensors, { job, state: JSON.stringify(state) });
  await rename(`${path}.new`, path);
}

/** Fills the arrays from the job's checkpoint; null when there is none. */
export async function restoreCheckpoint(
  folder: string,
  job: string,
  arrays: ReadonlyMap<string, Float32Array>,
): Promise<TrainingState | null> {
  const file = await openSafetensors(join(folder, CHECKPOINT_FILE)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return null;
  try {
    if (file.metadata.job !== job) return null;
    for (const [name, array] of arrays) array.set(await file.read(name));
    return TrainingState.parse(JSON.parse(file.metadata.state ?? ''));
  } finally {
    await file.close();
  }
}

const CHECKPOINT_FILE = 'checkpoint.safetensors';
