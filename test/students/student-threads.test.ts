/** How a student's texts are divided into messages, and given to its threads. */
import { StudentClosedError } from '../../src/students/student-errors.js';
import { type Answering, batchesOf, ThreadedStudent } from '../../src/students/student-threads.js';

describe('the messages of many texts', () => {
  const texts = Array.from({ length: 1000 }, (_, i) => 'x'.repeat(20 + ((i * 37) % 200)));
  const batches = batchesOf(texts, 2);
  const characters = (rows: readonly number[]) => rows.reduce((sum, row) => sum + texts[row]!.length, 0);

  it('hold each text once, the longest first', () => {
    expect(batches.flat().toSorted((a, b) => a - b)).toEqual([...texts.keys()]);
    const lengths = batches.flat().map((row) => texts[row]!.length);
    expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
  });

  it('are large at first and small at the end, so that the threads end together', () => {
    expect(characters(batches[0]!)).toBeGreaterThan(3500);
    expect(characters(batches.at(-1)!)).toBeLessThan(600);
    expect(Math.max(...batches.map(characters))).toBeLessThanOrEqual(4096);
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(64);
  });

  it('hold a text that is longer than a message alone, and empty texts by the dozen', () => {
    expect(batchesOf(['x'.repeat(10_000), 'short'], 2)).toEqual([[0], [1]]);
    expect(batchesOf(Array(130).fill(''), 2).map(({ length }) => length)).toEqual([64, 64, 2]);
    expect(batchesOf([], 2)).toEqual([]);
  });
});

/** Answers when it is told to; keeps what it was asked. */
class HeldThread implements Answering {
  readonly asked: { readonly texts: readonly string[]; readonly alone: boolean }[] = [];
  private waiting: { resolve(): void; reject(reason: unknown): void }[] = [];
  hasEnded = false;

  get load(): number {
    return this.waiting.length;
  }

  predict(texts: readonly string[], alone: boolean): Promise<Float32Array> {
    this.asked.push({ texts, alone });
    const probabilities = new Float32Array(texts.length * LABELS.length).fill(0.5);
    return new Promise((resolve, reject) => this.waiting.push({ resolve: () => resolve(probabilities), reject }));
  }

  answerFirst(): void {
    this.waiting.shift()?.resolve();
  }

  die(): void {
    this.hasEnded = true;
    for (const { reject } of this.waiting) reject(new StudentClosedError('out of memory'));
    this.waiting = [];
  }

  async close(): Promise<void> {}
}

const LABELS = ['bad', 'good'];
/** Each fills a message. */
const longTexts = (count: number) => Array.from({ length: count }, (_, i) => String(i).padEnd(5000, 'x'));
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the threads of a student', () => {
  function studentWith(mostThreads: number) {
    const threads = [new HeldThread()];
    const start = async () => threads[threads.push(new HeldThread()) - 1]!;
    return { student: new ThreadedStudent(LABELS, mostThreads, start, threads[0]!), threads };
  }

  it('give several cores to a text that comes alone, and to no other', async () => {
    const { student, threads } = studentWith(1);
    const { asked } = threads[0]!;
    const answers = Promise.all([student.predict(['one']), student.predict(['beside it'])]);
    expect(asked.map(({ alone }) => alone)).toEqual([true, false]);
    threads[0]!.answerFirst();
    threads[0]!.answerFirst();
    expect(await answers).toEqual([[[0.5, 0.5]], [[0.5, 0.5]]]);
    void student.predict(['one', 'two']);
    expect(asked.at(-1)!.alone).toBe(false);
  });

  it('get two messages each at a time and the next when one is answered; the others wait', async () => {
    const { student, threads } = studentWith(2);
    const counts = () => threads.map(({ asked }) => asked.length);
    const answers = student.predict(longTexts(9));
    // Since messages wait, another thread is started, and no third.
    expect(counts()).toEqual([2, 0]);
    await turn();
    expect(counts()).toEqual([2, 2]);
    threads[1]!.answerFirst();
    await turn();
    expect(counts()).toEqual([2, 3]);
    while (threads.some(({ load }) => load > 0)) {
      for (const thread of threads) thread.answerFirst();
      await turn();
    }
    expect(await answers).toHaveLength(9);
    expect(threads).toHaveLength(2);
    expect(threads.flatMap(({ asked }) => asked.flatMap(({ texts }) => texts)).sort()).toEqual(longTexts(9));
  });

  it('are replaced where one has died, which takes no more than what it was at', async () => {
    const { student, threads } = studentWith(1);
    const [lost, next] = [student.predict(['too much']), student.predict(['next'])];
    threads[0]!.die();
    await expect(lost).rejects.toThrow('out of memory');
    await expect(next).rejects.toThrow('out of memory');
    const later = student.predict(['later']);
    await turn();
    expect(threads[1]!.asked.map(({ texts }) => texts)).toEqual([['later']]);
    threads[1]!.answerFirst();
    expect(await later).toEqual([[0.5, 0.5]]);
  });
});
