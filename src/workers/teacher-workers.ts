/** How many workers ask teachers: those that poll the teacher's task queue, counted again every few seconds. */
import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { countTeacherWorkers } from '../temporal/index.js';

export interface TeacherWorkers {
  /** The last count; 1 until there is one. */
  readonly count: () => number;
  stop(): void;
}

const COUNT_EVERY_MS = 5000;

export function watchTeacherWorkers(connection: NativeConnection, namespace: string): TeacherWorkers {
  const client = new Client({ connection, namespace });
  let count = 1;
  const countAgain = async (): Promise<void> => {
    // A server that does not answer now is asked again; meanwhile the last count holds.
    count = await countTeacherWorkers(client).catch(() => count);
  };
  const timer = setInterval(countAgain, COUNT_EVERY_MS);
  void countAgain();
  return { count: () => count, stop: () => clearInterval(timer) };
}
