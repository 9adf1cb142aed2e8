/** A chunk and a provider of batches, for the tests. */
import { type ChunkResult, OWN_TEACHER, type Task, type TeacherSettings } from '../../../src/contracts/index.js';
import type { ChunkJob } from '../../../src/teachers/annotate-chunk.js';
import type { BatchPorts } from '../../../src/teachers/batch-chunk.js';
import {
  type BatchedTeacher,
  type BatchTeacher,
  closeChunk,
  createTeacher,
  stepChunk,
  type Teacher,
} from '../../../src/teachers/index.js';
import { readLedger } from '../../../src/teachers/reply-ledger.js';
import { BatchProvider, type ProviderOptions } from '../../support/batch-provider.js';
import { askedTeacher, ChunkFixture, newTask, type TaskChanges } from '../engine/chunk-fixture.js';

export const REPLY = JSON.stringify({ reason: 'so', label: 'positive' });

const started: Array<{ dispose(): Promise<void> }> = [];
afterEach(async () => {
  for (const each of started.splice(0)) await each.dispose();
});

export interface Changes extends TaskChanges {
  readonly texts?: number;
  readonly batch?: Record<string, unknown>;
  readonly provider?: Partial<ProviderOptions>;
  /** A second teacher, "dear", at a provider of its own. */
  readonly dear?: Partial<ProviderOptions>;
}

export interface StepChanges {
  readonly signal?: AbortSignal;
  /** 0 if not given. */
  readonly listLagSeconds?: number;
}

type InBatches = Teacher & { readonly batches: BatchTeacher };

async function inBatches(settings: TeacherSettings): Promise<InBatches> {
  const teacher = await createTeacher(settings, { env: {}, readRecording: async function* () {} });
  const { batches } = teacher;
  if (!batches) throw new Error('the teacher takes no batches');
  return Object.assign(teacher, { batches });
}

export class BatchedChunkFixture {
  attempt = 1;
  private constructor(
    readonly chunk: ChunkFixture,
    readonly provider: BatchProvider,
    readonly task: Task,
    readonly teacher: InBatches,
    /** Of the teacher "dear". */
    readonly dear: BatchProvider | null,
    private readonly dearTeacher: InBatches | null,
  ) {}

  static async make({
    texts = 4,
    batch = {},
    provider = {},
    dear,
    ...changes
  }: Changes = {}): Promise<BatchedChunkFixture> {
    const chunk = await ChunkFixture.make(texts);
    const server = await BatchProvider.start({ answer: () => ({ content: REPLY }), ...provider });
    const teacherSettings = { url: server.url, model: 'big-model', deadAfterSeconds: 2, ...changes.teacher, batch };
    const dearServer = dear && (await BatchProvider.start({ answer: () => ({ content: REPLY }), ...dear }));
    const teachers = dearServer ? { dear: { ...teacherSettings, url: dearServer.url, model: 'dear-model' } } : {};
    const task = newTask({ ...changes, teacher: teacherSettings, teachers });
    const teacher = await inBatches(task.teacher);
    const dearTeacher = task.teachers.dear ? await inBatches(task.teachers.dear) : null;
    const fixture = new BatchedChunkFixture(chunk, server, task, teacher, dearServer ?? null, dearTeacher);
    started.push({
      dispose: async () => {
        await Promise.all([server.stop(), dearServer?.stop()]);
        await Promise.all([teacher.close(), dearTeacher?.close()]);
        chunk.dispose();
      },
    });
    return fixture;
  }

  job(changes: Partial<ChunkJob> = {}): ChunkJob {
    return this.chunk.job(this.task, { owner: { activity: 'a test', attempt: this.attempt++ }, ...changes });
  }

  ports({ signal = new AbortController().signal, listLagSeconds = 0 }: StepChanges = {}): BatchPorts {
    const { chunk, dearTeacher, task, teacher } = this;
    const asked = (each: InBatches, name: string): [string, BatchedTeacher] => {
      const batches = { ...each.batches, settings: { ...each.batches.settings, listLagSeconds } };
      return [name, { ...askedTeacher(task, each, name), teacher: Object.assign(Object.create(each), { batches }) }];
    };
    const others = dearTeacher === null ? [] : [asked(dearTeacher, 'dear')];
    return { store: chunk.store, teachers: new Map([asked(teacher, OWN_TEACHER), ...others]), signal };
  }

  step(job: Partial<ChunkJob> = {}, ports: StepChanges = {}) {
    return stepChunk(this.job(job), this.ports(ports));
  }

  close(ports: StepChanges = {}) {
    return closeChunk(this.job(), this.ports(ports));
  }

  /** Steps until there is a result. */
  async finish(job: Partial<ChunkJob> = {}, ports: StepChanges = {}): Promise<ChunkResult> {
    for (let steps = 0; steps < 100; steps++) {
      const { result } = await this.step(job, ports);
      if (result !== null) return result;
    }
    throw new Error('the chunk does not end');
  }

  ledger() {
    return readLedger(this.chunk.store, this.chunk.folder);
  }
}
