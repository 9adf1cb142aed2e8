/** A chunk and a provider of batches, for the tests. */
import type { ChunkResult, Task } from '../../../src/contracts/index.js';
import type { ChunkJob } from '../../../src/teachers/annotate-chunk.js';
import type { BatchPorts } from '../../../src/teachers/batch-chunk.js';
import { type BatchTeacher, closeChunk, createTeacher, stepChunk, type Teacher } from '../../../src/teachers/index.js';
import { readLedger } from '../../../src/teachers/reply-ledger.js';
import { BatchProvider, type ProviderOptions } from '../../support/batch-provider.js';
import { askedTeacher, ChunkFixture, newTask, type TaskChanges } from '../engine/chunk-fixture.js';

export const REPLY = JSON.stringify({ reason: 'so', label: 'positive' });
/** Micro-dollars: (300 * 1 + 50 * 2) a call. */
export const BATCH_CALL_MICROS = 400;

const started: Array<{ dispose(): Promise<void> }> = [];
afterEach(async () => {
  for (const each of started.splice(0)) await each.dispose();
});

export interface Changes extends TaskChanges {
  readonly texts?: number;
  readonly batch?: Record<string, unknown>;
  readonly provider?: Partial<ProviderOptions>;
}

export interface StepChanges {
  readonly signal?: AbortSignal;
  /** 0 if not given. */
  readonly listLagSeconds?: number;
}

export class BatchedChunkFixture {
  attempt = 1;
  private constructor(
    readonly chunk: ChunkFixture,
    readonly provider: BatchProvider,
    readonly task: Task,
    readonly teacher: Teacher & { readonly batches: BatchTeacher },
  ) {}

  static async make({ texts = 4, batch = {}, provider = {}, ...changes }: Changes = {}): Promise<BatchedChunkFixture> {
    const chunk = await ChunkFixture.make(texts);
    const server = await BatchProvider.start({ answer: () => ({ content: REPLY }), ...provider });
    const teacherSettings = { url: server.url, model: 'big-model', deadAfterSeconds: 2, ...changes.teacher, batch };
    const task = newTask({ ...changes, teacher: teacherSettings });
    const teacher = await createTeacher(task.teacher, { env: {}, readRecording: async function* () {} });
    const { batches } = teacher;
    if (!batches) throw new Error('the teacher takes no batches');
    const fixture = new BatchedChunkFixture(chunk, server, task, Object.assign(teacher, { batches }));
    started.push({
      dispose: async () => {
        await server.stop();
        await teacher.close();
        chunk.dispose();
      },
    });
    return fixture;
  }

  job(changes: Partial<ChunkJob> = {}): ChunkJob {
    return this.chunk.job(this.task, { owner: { activity: 'a test', attempt: this.attempt++ }, ...changes });
  }

  ports({ signal = new AbortController().signal, listLagSeconds = 0 }: StepChanges = {}): BatchPorts {
    const { chunk, teacher } = this;
    const settings = { ...teacher.batches.settings, listLagSeconds };
    const batches = { ...teacher.batches, settings };
    const asked = askedTeacher(this.task, teacher);
    return { store: chunk.store, teacher: Object.assign(Object.create(teacher), { batches }), asked, signal };
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
