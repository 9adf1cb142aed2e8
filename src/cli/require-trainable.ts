/** What a run would refuse of its encoders, found before it is started or planned. */
import type { Task } from '../contracts/index.js';
import { EncoderError, pinEncoders } from '../students/index.js';
import { TaskError } from '../tasks/index.js';

/** Returns what could not be looked at from here, each as a sentence. trainsHere: the students are trained on this machine. Throws
 *  TaskError, in the run's words, for an encoder that can't be trained. */
export async function requireTrainable({ student }: Task, trainsHere: boolean): Promise<string[]> {
  const unseen: string[] = [];
  try {
    await pinEncoders(student, { env: process.env, trainsHere, onUnseen: (what) => unseen.push(what) });
  } catch (error) {
    if (error instanceof EncoderError) throw new TaskError(error.message);
    throw error;
  }
  return [...new Set(unseen)];
}
