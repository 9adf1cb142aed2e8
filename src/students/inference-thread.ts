/** One thread with a student's model: onnxruntime's run blocks the event loop that calls it. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { distEntry } from './dist-entry.js';
import type { ThreadReply, ThreadRequest, ThreadSetup } from './inference-messages.js';
import { StudentClosedError, StudentFolderError } from './student-errors.js';

interface Question {
  readonly resolve: (probabilities: Float32Array) => void;
  readonly reject: (error: Error) => void;
}

export class InferenceThread {
  private readonly asked = new Map<number, Question>();
  private readonly exited: Promise<unknown>;
  private nextId = 0;
  /** Why nothing more is answered; null while the thread lives. */
  private ended: StudentClosedError | null = null;

  private constructor(private readonly worker: Worker) {
    worker.on('message', (reply: ThreadReply) => this.settle(reply));
    worker.on('error', (error) => this.abandon(new StudentClosedError('the student failed', { cause: error })));
    this.exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.abandon(new StudentClosedError(`the student's thread ended with code ${code}`));
        resolve(code);
      });
    });
  }

  /** Waits until the model is loaded. Throws StudentFolderError, or StudentClosedError. */
  static async start(setup: ThreadSetup): Promise<InferenceThread> {
    const worker = new Worker(distEntry('inference-worker'), { workerData: setup });
    const first = await Promise.race([firstReply(worker), endedEarly(worker)]);
    if (first.type === 'unusable') throw new StudentFolderError(setup.folder, first.problem);
    return new InferenceThread(worker);
  }

  /** It will answer nothing more. */
  get hasEnded(): boolean {
    return this.ended !== null;
  }

  /** Questions that are not answered yet. */
  get load(): number {
    return this.asked.size;
  }

  /** Probabilities [texts][labels], row-major; alone: no other thread is at work, so the cores are free for this question.
   *  Rejects with StudentClosedError once the thread has ended. */
  predict(texts: readonly string[], alone: boolean): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      if (this.ended !== null) return reject(this.ended);
      const id = this.nextId++;
      this.asked.set(id, { resolve, reject });
      this.send({ type: 'predict', id, texts, alone });
    });
  }

  /** Answers what was asked, then ends. The thread is asked to end and never terminated: that aborts the process while the
   *  model runs. */
  async close(): Promise<void> {
    this.send({ type: 'close' });
    await this.exited;
  }

  private settle(reply: ThreadReply): void {
    if (reply.type !== 'answer' && reply.type !== 'failed') return;
    const question = this.asked.get(reply.id)!;
    this.asked.delete(reply.id);
    if (reply.type === 'answer') question.resolve(reply.probabilities);
    else question.reject(new Error(`the student could not answer: ${reply.problem}`));
  }

  private abandon(reason: StudentClosedError): void {
    this.ended ??= reason;
    for (const { reject } of this.asked.values()) reject(this.ended);
    this.asked.clear();
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
