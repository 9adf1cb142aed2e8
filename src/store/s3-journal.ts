/** A journal as objects: numbered parts, each written once and never again. Lines that come while a part is on its way, or
 *  shortly after each other, go out together: on S3 each request costs time and money. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3JournalSettings } from '../contracts/index.js';
import type { S3Bucket } from './s3-bucket.js';
import type { Journal } from './store.js';

/** A part that has so many bytes does not wait for more. */
const PART_BYTES = 4 * 2 ** 20;
const PART_NAME = '/.part-';
const PART_DIGITS = 9;
/** Parts that are fetched ahead of the reader. */
const FETCHED_AHEAD = 8;

/** Somebody else writes the journal: a part that was to be written is there already. */
export class JournalTakenError extends Error {
  override readonly name = 'JournalTakenError';
}

/** Lines that go out in one part. */
interface Batch {
  readonly lines: string[];
  bytes: number;
  readonly written: Promise<void>;
  /** Waits for no more lines. */
  readonly hurry: () => void;
}

export class S3Journal implements Journal {
  private batch: Batch | null = null;
  private lastWrite: Promise<void> = Promise.resolve();
  private failure: { readonly error: unknown } | null = null;

  private constructor(
    private readonly bucket: S3Bucket,
    private readonly key: string,
    private readonly settings: S3JournalSettings,
    private parts: number,
  ) {}

  static async open(bucket: S3Bucket, key: string, settings: S3JournalSettings): Promise<S3Journal> {
    const numbers = (await partKeys(bucket, key)).map((part) => Number(part.slice(-PART_DIGITS)));
    return new S3Journal(bucket, key, settings, Math.max(0, ...numbers.slice(-1)));
  }

  append(line: string): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure.error);
    this.batch ??= this.newBatch();
    this.batch.lines.push(line);
    this.batch.bytes += Buffer.byteLength(line) + 1;
    const { bytes, lines } = this.batch;
    if (bytes >= PART_BYTES || lines.length >= this.settings.TUTELAGE_S3_JOURNAL_RECORDS) this.batch.hurry();
    return this.batch.written;
  }

  async close(): Promise<void> {
    this.batch?.hurry();
    await this.lastWrite;
    if (this.failure !== null) throw this.failure.error;
  }

  /** Parts go out one after another: what a reader finds is a beginning of what was appended. */
  private newBatch(): Batch {
    const lines: string[] = [];
    const full = new AbortController();
    const written = Promise.all([this.lastWrite, this.waitForMore(full.signal)]).then(() => this.write(lines));
    this.lastWrite = written;
    return { lines, bytes: 0, written, hurry: () => full.abort() };
  }

  private async waitForMore(full: AbortSignal): Promise<void> {
    const ms = this.settings.TUTELAGE_S3_JOURNAL_SECONDS * 1000;
    if (ms > 0) await sleep(ms, undefined, { signal: full }).catch(() => {});
  }

  private async write(lines: readonly string[]): Promise<void> {
    this.batch = null;
    try {
      const part = partKey(this.key, this.parts + 1);
      if (!(await this.bucket.putNew(part, Buffer.from(`${lines.join('\n')}\n`)))) {
        throw new JournalTakenError(`another process has written ${this.bucket.address(part)}`);
      }
      this.parts++;
    } catch (error) {
      this.failure ??= { error };
      throw error;
    }
  }
}

/** The key of the journal's part; numbered from 1. */
export function partKey(journalKey: string, number: number): string {
  return `${journalKey}${PART_NAME}${String(number).padStart(PART_DIGITS, '0')}`;
}

/** The key of the journal that the object is a part of; null: it is none. */
export function journalOfPart(key: string): string | null {
  const end = key.length - PART_NAME.length - PART_DIGITS;
  return end > 0 && key.startsWith(PART_NAME, end) ? key.slice(0, end) : null;
}

/** In their order. */
export async function partKeys(bucket: S3Bucket, journalKey: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of bucket.list(`${journalKey}${PART_NAME}`)) keys.push(key);
  return keys;
}

/** The journal's bytes: what its parts hold, one after another. */
export async function* journalBytes(bucket: S3Bucket, parts: readonly string[]): AsyncGenerator<Uint8Array> {
  const fetched: Promise<Uint8Array | null>[] = [];
  for (let next = 0; next < parts.length || fetched.length > 0; ) {
    while (next < parts.length && fetched.length < FETCHED_AHEAD) {
      const fetching = bucket.get(parts[next++] as string);
      // Whoever takes it learns of its failure; a reader may stop before.
      fetching.catch(() => {});
      fetched.push(fetching);
    }
    const part = await fetched.shift();
    if (part) yield part;
  }
}
