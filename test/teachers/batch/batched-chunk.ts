/** A chunk and a provider of batches, for the tests. */
import { type ChunkResult, OWN_TEACHER, type Task, type TeacherSettings } from '../../../src/contracts/index.js';
import type { ChunkJob } from '../../../src/teachers/annotate-chunk.js';
import type { BatchPorts } from '../../../src/teachers/batch-chunk.js';
import { type AskedTeacher, closeChunk, createTeacher, stepChunk, type Teacher } from '../../../src/teachers/index.js';
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
  /** Teachers that are not asked in batches. */
  readonly atOnce?: readonly ('teacher' | 'dear')[];
}

export interface StepChanges {
  readonly signal?: AbortSignal;
  /** 0 if not given. */
  readonly listLagSeconds?: number;
}

function open(settings: TeacherSettings): Promise<Teacher> {
  return createTeacher(settings, { env: {}, readRecording: async function* () {} });
}

export class BatchedChunkFixture {
  attempt = 1;
  private constructor(
    readonly chunk: ChunkFixture,
    readonly provider: BatchProvider,
    readonly task: Task,
    readonly teacher: Teacher,
    /** Of the teacher "dear". */
    readonly dear: BatchProvider | null,
    private readonly dearTeacher: Teacher | null,
  ) {}

  static async make({
    texts = 4,
    batch = {},
    provider = {},
    dear,
    atOnce = [],
    ...changes
  }: Changes = {}): Promise<BatchedChunkFixture> {
    const chunk = await ChunkFixture.make(texts);
    const server = await BatchProvider.start({ answer: () => ({ content: REPLY }), ...provider });
    const batchOf = (name: 'teacher' | 'dear') => ({ batch: atOnce.includes(name) ? null : batch });
    const settings = { url: server.url, model: 'big-model', deadAfterSeconds: 2, ...changes.teacher };
    const teacherSettings = { ...settings, ...batchOf('teacher') };
    const dearServer = dear && (await BatchProvider.start({ answer: () => ({ content: REPLY }), ...dear }));
    const dearSettings = { ...settings, ...batchOf('dear'), url: dearServer?.url, model: 'dear-model' };
    const teachers = dearServer ? { dear: dearSettings } : {};
    const task = newTask({ ...changes, teacher: teacherSettings, teachers });
    const teacher = await open(task.teacher);
    const dearTeacher = task.teachers.dear ? await open(task.teachers.dear) : null;
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
    const asked = (each: Teacher, name: string): [string, AskedTeacher] => {
      const batches = each.batches && { ...each.batches, settings: { ...each.batches.settings, listLagSeconds } };
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
