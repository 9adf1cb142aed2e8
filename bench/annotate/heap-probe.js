/** Loaded into processes by NODE_OPTIONS: collects the heap every few seconds, in the main thread and in each
 *  worker thread, and keeps the most that was left in a file of the folder HEAP_PROBE_FOLDER. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { threadId } from 'node:worker_threads';

const EVERY_MS = 3000;

const at = process.argv.indexOf('--role');
// The product's workers are told apart by their role; the bare loop's process is given its own. Threads have the environment of their
// process, and not its arguments.
if (at > 0 && process.argv.includes('worker')) process.env.HEAP_PROBE_ROLE = process.argv[at + 1];
const role = process.env.HEAP_PROBE_ROLE;
if (role !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const file = join(process.env.HEAP_PROBE_FOLDER, `${role}-${process.pid}-${threadId}.json`);
  let mostHeap = 0;
  let mostResident = 0;
  setInterval(() => {
    mostResident = Math.max(mostResident, process.memoryUsage.rss());
    collect();
    mostHeap = Math.max(mostHeap, process.memoryUsage().heapUsed);
    writeFileSync(file, JSON.stringify({ role, pid: process.pid, mostHeap, mostResident }));
  }, EVERY_MS).unref();
}
