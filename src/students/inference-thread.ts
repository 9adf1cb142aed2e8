/** A student whose model runs in a thread of its own: onnxruntime's run blocks the event loop that calls it. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { distEntry } from './dist-entry.js';
import type { ThreadReply, ThreadRequest, ThreadSetup } from './inference-messages.js';
import type { Student } from './student.js';
import { StudentClosedError, StudentFolderError } from './student-errors.js';
import { readStudentConfig } from './student-folder.js';

/** Starts the thread and waits until the model is loaded. Throws StudentFolderError. */
export async function loadOnnxStudent(kind: string, folder: string): Promise<Student> {
  const { labels } = await readStudentConfig(folder);
  const setup: ThreadSetup = { kind, folder };
  const worker = new Worker(distEntry('inference-worker'), { workerData: setup });
  const first = await Promise.race([firstReply(worker), endedEarly(worker)]);
  if (first.type === 'unusable') throw new StudentFolderError(folder, first.problem);
  return new ThreadStudent(worker, labels);
}

/** Texts of one message. */
const BATCH_TEXTS = 64;
/** Batches that are with the thread at once: one at work and the next at hand. The others wait here, uncopied. */
const BATCHES_AT_ONCE = 2;

interface Batch {
  readonly texts: readonly string[];
  readonly resolve: (probabilities: number[][]) => void;
  readonly reject: (error: Error) => void;
}

class ThreadStudent implements Student {
  private readonly waiting: Batch[] = [];
  private readonly running = new Map<number, Batch>();
  private readonly exited: Promise<unknown>;
  private nextId = 0;
  /** Why no more batches are sent; null while the student is open. */
  private closed: StudentClosedError | null = null;
  /** Called when the last running batch is answered. */
  private onIdle: () => void = () => {};

  constructor(
    private readonly worker: Worker,
    readonly labels: readonly string[],
  ) {
    worker.on('message', (reply: ThreadReply) => this.settle(reply));
    worker.on('error', (error) => this.abandon(new StudentClosedError('the student failed', { cause: error })));
    this.exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.abandon(new StudentClosedError(`the student's thread ended with code ${code}`));
        resolve(code);
      });
    });
  }

  async predict(texts: readonly string[]): Promise<number[][]> {
    const batches: Promise<number[][]>[] = [];
    for (let start = 0; start < texts.length; start += BATCH_TEXTS) {
      batches.push(this.enqueue(texts.slice(start, start + BATCH_TEXTS)));
    }
    return (await Promise.all(batches)).flat();
  }

  /** The thread is asked to end and never terminated: that aborts the process while the model runs. */
  async close(): Promise<void> {
    if (this.closed === null) {
      this.closed = new StudentClosedError('the student was closed');
      for (const batch of this.waiting.splice(0)) batch.reject(this.closed);
      if (this.running.size > 0)
        await new Promise<void>((resolve) => {
          this.onIdle = resolve;
        });
      this.send({ type: 'close' });
    }
    await this.exited;
  }

  private enqueue(texts: readonly string[]): Promise<number[][]> {
    return new Promise((resolve, reject) => {
      if (this.closed !== null) return reject(this.closed);
      this.waiting.push({ texts, resolve, reject });
      this.sendWaiting();
    });
  }

  private sendWaiting(): void {
    while (this.running.size < BATCHES_AT_ONCE && this.waiting.length > 0) {
      const batch = this.waiting.shift()!;
      const id = this.nextId++;
      this.running.set(id, batch);
      this.send({ type: 'predict', id, texts: batch.texts });
    }
  }

  private settle(reply: ThreadReply): void {
    if (reply.type !== 'answer' && reply.type !== 'failed') return;
    const batch = this.running.get(reply.id)!;
    this.running.delete(reply.id);
    if (reply.type === 'answer') batch.resolve(rows(reply.probabilities, this.labels.length));
    else batch.reject(new Error(`the student could not answer: ${reply.problem}`));
    if (this.running.size === 0) this.onIdle();
    this.sendWaiting();
  }

  /** The thread is gone: nothing will be answered any more. */
  private abandon(reason: StudentClosedError): void {
    this.closed ??= reason;
    for (const batch of [...this.running.values(), ...this.waiting.splice(0)]) batch.reject(reason);
    this.running.clear();
    this.onIdle();
  }

  private send(request: ThreadRequest): void {
    this.worker.postMessage(request);
  }
}

async function firstReply(worker: Worker): Promise<ThreadReply> {
  const [reply] = await once(worker, 'message');
  return reply;
}

async function endedEarly(worker: Worker): Promise<never> {
  const [code] = await once(worker, 'exit');
  throw new StudentClosedError(`the student's thread ended with code ${code} while it loaded the model`);
}

function rows(probabilities: Float32Array, labels: number): number[][] {
  const result: number[][] = [];
  for (let start = 0; start < probabilities.length; start += labels) {
    result.push(Array.from(probabilities.subarray(start, start + labels)));
  }
  return result;
}
