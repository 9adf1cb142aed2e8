/** A student that answers in threads: one session with one thread in each, which together answer more texts a second than
 *  one session with all threads. A text that comes alone gets a session with several: it answers sooner. */
import { availableParallelism } from 'node:os';
import { InferenceThread } from './inference-thread.js';
import type { Student } from './student.js';
import { StudentClosedError } from './student-errors.js';
import { readStudentConfig } from './student-folder.js';

export interface ThreadOptions {
  /** Threads at most, each with the model in its memory. */
  readonly threads?: number;
  /** Cores at most that answer a text that comes alone. */
  readonly coresForOne?: number;
}

/** Starts the first thread and waits until it has loaded the model; the others start when texts wait for them. Throws
 *  StudentFolderError. */
export async function loadOnnxStudent(
  kind: string,
  folder: string,
  { coresForOne = 1, threads = availableParallelism() }: ThreadOptions = {},
): Promise<Student> {
  const { labels } = await readStudentConfig(folder);
  const setup = { kind, folder, coresForOne: Math.min(coresForOne, threads) };
  const start = () => InferenceThread.start(setup);
  return new ThreadedStudent(labels, threads, start, await start());
}

/** Characters of one message, between which its share of what is left to ask decides: the last messages are small, so that
 *  no thread is at work for long after the others. */
const BATCH_CHARACTERS = { least: 512, most: 4096 };
/** Of what is left to ask, a message is one so many-th for each thread. */
const BATCHES_LEFT = 4;
/** Texts of one message, for texts without characters cost time too. */
const BATCH_TEXTS = 64;
/** Batches that are with a thread at once: one at work and the next at hand. The others wait here, uncopied. */
const BATCHES_AT_ONCE = 2;

interface Batch {
  readonly texts: readonly string[];
  readonly resolve: (probabilities: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread as the student sees it. */
export type Answering = Pick<InferenceThread, 'hasEnded' | 'load' | 'predict' | 'close'>;

export class ThreadedStudent implements Student {
  private threads: Answering[];
  private readonly waiting: Batch[] = [];
  /** A thread that is loading the model. */
  private starting: Promise<void> | null = null;
  /** Ends when all threads have; null while the student is open. */
  private closed: Promise<void> | null = null;

  constructor(
    readonly labels: readonly string[],
    private readonly mostThreads: number,
    private readonly start: () => Promise<Answering>,
    first: Answering,
  ) {
    this.threads = [first];
  }

  async predict(texts: readonly string[]): Promise<number[][]> {
    const answers: number[][] = Array(texts.length);
    const batches = batchesOf(texts, this.mostThreads).map((rows) => this.answer(rows, texts, answers));
    await Promise.all(batches);
    return answers;
  }

  close(): Promise<void> {
    this.closed ??= this.endThreads();
    return this.closed;
  }

  private async answer(rows: readonly number[], texts: readonly string[], answers: number[][]): Promise<void> {
    const probabilities = await this.enqueue(rows.map((row) => texts[row]!));
    const labels = this.labels.length;
    for (const [index, row] of rows.entries()) {
      answers[row] = Array.from(probabilities.subarray(index * labels, (index + 1) * labels));
    }
  }

  private enqueue(texts: readonly string[]): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      if (this.closed !== null) return reject(new StudentClosedError('the student was closed'));
      this.waiting.push({ texts, resolve, reject });
      this.sendWaiting();
    });
  }

  private sendWaiting(): void {
    // A thread that has died would take all that comes, for it has nothing to do.
    this.threads = this.threads.filter(({ hasEnded }) => !hasEnded);
    while (this.waiting.length > 0 && this.threads.length > 0) {
      const idlest = this.threads.reduce((one, other) => (other.load < one.load ? other : one));
      if (idlest.load >= BATCHES_AT_ONCE) break;
      const { texts, resolve, reject } = this.waiting.shift()!;
      const alone = texts.length === 1 && this.waiting.length === 0 && this.threads.every(({ load }) => load === 0);
      idlest
        .predict(texts, alone)
        .finally(() => this.sendWaiting())
        .then(resolve, reject);
    }
    if (this.waiting.length > 0 && this.threads.length < this.mostThreads) this.startAnother();
  }

  private startAnother(): void {
    if (this.starting !== null || this.closed !== null) return;
    this.starting = this.start()
      .then((thread) => void this.threads.push(thread))
      .catch((error) => this.rejectWaiting(error))
      .finally(() => {
        this.starting = null;
        this.sendWaiting();
      });
  }

  private async endThreads(): Promise<void> {
    this.rejectWaiting(new StudentClosedError('the student was closed'));
    await this.starting;
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private rejectWaiting(reason: unknown): void {
    for (const { reject } of this.waiting.splice(0)) reject(reason);
  }
}

/** Row numbers in batches: texts of similar lengths together, for the model pads those of a run to the longest, and the longest
 *  first, so that what is left for the end is short. */
export function batchesOf(texts: readonly string[], threads: number): number[][] {
  const order = [...texts.keys()].sort((a, b) => texts[b]!.length - texts[a]!.length);
  const batches: number[][] = [];
  let left = texts.reduce((sum, text) => sum + text.length, 0);
  let room = 0;
  for (const row of order) {
    const { length } = texts[row]!;
    if (batches.length === 0 || room < length || batches.at(-1)!.length === BATCH_TEXTS) {
      const { least, most } = BATCH_CHARACTERS;
      room = Math.min(most, Math.max(least, left / (BATCHES_LEFT * threads)));
      batches.push([]);
    }
    batches.at(-1)!.push(row);
    room -= length;
    left -= length;
  }
  return batches;
}
