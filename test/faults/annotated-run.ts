/** For the fault tests: a run over the demo's corpus in a store of its own, what its books say, and what its labels are. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import {
  type AnnotationCounts,
  DistillationInput,
  LabelRow,
  type Progress,
  TASK_QUEUES,
} from '../../src/contracts/index.js';
import { createClient, localServer } from '../../src/temporal/index.js';
import { addCounts, seededFraction } from '../../src/voting/index.js';
import { demoFiles, demoReplies, readJsonl } from '../support/demo-data.js';
import type { LocalUp } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';

export interface RunSettings {
  readonly up: LocalUp;
  readonly teacher: Pick<ReplayTeacher, 'url'>;
  /** Also names the folder of its store. */
  readonly workflowId: string;
  /** Another run's store, or a folder elsewhere. */
  readonly store?: string;
  /** Where the store is not a folder: its address. Its files lie in the folder `store` all the same. */
  readonly storeAddress?: string;
  /** Overrides of the task's keys. */
  readonly set?: Record<string, unknown>;
}

/** All journals of a store, counted without the code under test. */
export interface Books {
  /** Calls that each owner of a chunk sent; its key is "CHUNK-FOLDER OWNER-NUMBER". */
  readonly byOwner: ReadonlyMap<string, number>;
  readonly calls: number;
  /** Opened and never closed. */
  readonly uncertain: number;
  /** Different questions with a reply. */
  readonly replies: number;
}

export interface Label {
  readonly label: string | null;
  readonly distribution: Record<string, number>;
  /** Of all samples, readable or not. */
  readonly votes: number;
}

/** All texts of the demo, corpus and gold rows, and the three replies to each. */
export const TEXTS = 420;
export const QUESTIONS = 3 * TEXTS;

const connected: Client[] = [];
afterAll(() => Promise.all(connected.map(({ connection }) => connection.close())));

const NO_LABELS_AFTER_MS = 280_000;
const QUERY_TIMEOUT_MS = 5_000;
const NOBODY_ASKS_AFTER_MS = 60_000;

export class AnnotatedRun {
  private constructor(
    private readonly client: Client,
    readonly handle: WorkflowHandle,
    /** The folder of its files. */
    readonly store: string,
  ) {}

  static async start({ up, teacher, workflowId, store, storeAddress, set }: RunSettings): Promise<AnnotatedRun> {
    const client = await createClient(localServer(up.address), {});
    connected.push(client);
    const folder = store ?? join(up.folder, workflowId);
    const files = demoFiles(up.folder, { rows: 300, gold: 120 });
    const input = DistillationInput.parse({
      task: 'financial-sentiment',
      set: { 'teacher.url': teacher.url, 'teacher.model': null, 'teacher.extraBody': {}, ...set },
      corpus: { path: files.corpus },
      gold: { path: files.gold },
      store: storeAddress ?? folder,
      until: 'vote',
    });
    const options = { taskQueue: TASK_QUEUES.orchestrator, workflowId, args: [input] };
    return new AnnotatedRun(client, await client.workflow.start('distillation', options), folder);
  }

  /** Waits for its end: the votes are counted. Fails when it ends otherwise, or takes over 280 s. */
  async untilLabelled(): Promise<void> {
    const end = Date.now() + NO_LABELS_AFTER_MS;
    while (Date.now() < end) {
      const status = await this.status().catch(() => null); // No server answers for now.
      if (status === 'COMPLETED') return;
      if (status !== null && status !== 'RUNNING') throw new Error(`the run ended before its labels: ${status}`);
      await sleep(200);
    }
    throw new Error('the run has no labels yet');
  }

  /** Fails when nobody answers soon. */
  progress(): Promise<Progress> {
    const deadline = Date.now() + QUERY_TIMEOUT_MS;
    return this.client.connection.withDeadline(deadline, () => this.handle.query<Progress>('progress'));
  }

  /** Of corpus and gold rows together. */
  async counts(): Promise<AnnotationCounts> {
    const { annotation, gold } = await this.progress();
    return addCounts(annotation, gold);
  }

  async status(workflowId = this.handle.workflowId): Promise<string> {
    return (await this.client.workflow.getHandle(workflowId).describe()).status.name;
  }

  /** The workflow that runs the chunks. */
  shard(): WorkflowHandle {
    return this.client.workflow.getHandle(`${this.handle.workflowId}.annotation-1`);
  }

  /** By text key. */
  labels(): Record<string, Label> {
    const runs = join(this.store, 'runs', this.handle.workflowId);
    const [runFolder = ''] = readdirSync(runs);
    const rows = readJsonl(join(runs, runFolder, 'vote', 'labels.jsonl')).map((row) => LabelRow.parse(row));
    return Object.fromEntries(
      rows.map(({ key, label, distribution, votes }) => [key, { label, distribution, votes: votes.length }]),
    );
  }

  books(): Books {
    return readBooks(this.store);
  }
}

/** What the labels are when nothing goes wrong. */
export async function undisturbedLabels(up: LocalUp, replies = demoReplies): Promise<Record<string, Label>> {
  const teacher = await startTeacher({ replies });
  const run = await AnnotatedRun.start({ up, teacher, workflowId: 'undisturbed' });
  await run.untilLabelled();
  await teacher.stop();
  return run.labels();
}

export function readBooks(store: string): Books {
  const byOwner = new Map<string, number>();
  const replied = new Set<string>();
  let uncertain = 0;
  const folder = join(store, 'replies');
  for (const chunk of readdirSync(folder)) {
    for (const name of readdirSync(join(folder, chunk))) {
      const owner = /^journal-(\d+)\.jsonl$/.exec(name)?.[1];
      if (owner === undefined) continue;
      const open = new Set<number>();
      let calls = 0;
      for (const record of readRecords(join(folder, chunk, name))) {
        if (record.type === 'open') {
          calls++;
          open.add(record.call);
        } else if (record.type === 'close') {
          if (record.outcome === 'unsent') calls--;
          open.delete(record.call);
          if (record.reply !== null) replied.add(record.reply.key);
        }
      }
      uncertain += open.size;
      byOwner.set(`${chunk} ${owner}`, calls);
    }
  }
  const calls = [...byOwner.values()].reduce((sum, each) => sum + each, 0);
  return { byOwner, calls, uncertain, replies: replied.size };
}

/** Waits until calls are in flight and the teacher has got more requests than so many (the first one probes whether it
 *  answers, before the run begins); says how many are in flight. Fails where that takes over a minute. */
export async function untilAsking(teacher: ReplayTeacher, requestsBefore = 1): Promise<number> {
  const end = Date.now() + NOBODY_ASKS_AFTER_MS;
  while (Date.now() < end) {
    const { inFlight, requests } = await teacher.stats();
    if (inFlight > 0 && requests > requestsBefore) return inFlight;
    await sleep(10);
  }
  throw new Error('nobody asks the teacher');
}

/** Milliseconds between the bounds, the same for the same seed and name. */
export function randomMoment(low: number, high: number, seed: number, name: string): number {
  return Math.round(low + (high - low) * seededFraction(seed, name));
}

/** Of the random moments: FAULTS_SEED, or a new one. Printed, so that a failure can be repeated. */
export function faultsSeed(): number {
  const seed = Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 1e6));
  console.log(`moments of the faults: FAULTS_SEED=${seed}`);
  return seed;
}

type JournalRecord =
  | { readonly type: 'open'; readonly call: number }
  | {
      readonly type: 'close';
      readonly call: number;
      readonly outcome: string;
      readonly reply: { readonly key: string } | null;
    }
  | { readonly type: 'end' };

function readRecords(path: string): JournalRecord[] {
  return journalText(path)
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as JournalRecord];
      } catch {
        // The end of the file, or a line that a killed process tore.
        return [];
      }
    });
}

/** On S3 a journal is a folder of numbered parts. */
function journalText(path: string): string {
  if (statSync(path).isFile()) return readFileSync(path, 'utf8');
  const parts = readdirSync(path).sort();
  return parts.map((name) => readFileSync(join(path, name), 'utf8')).join('');
}
