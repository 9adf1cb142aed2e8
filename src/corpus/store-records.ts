/** A JSONL file in the store that appears with its first record, written in blocks. */
import type { ArtifactRef } from '../contracts/index.js';
import type { ArtifactWriter, Store } from '../store/index.js';

/** Code units that are gathered before a write. */
const BLOCK_UNITS = 256 * 1024;

export class StoreRecords<T> {
  #writer: ArtifactWriter | undefined;
  #block: string[] = [];
  #units = 0;

  constructor(
    private readonly store: Store,
    readonly path: string,
  ) {}

  async write(record: T): Promise<void> {
    const line = `${JSON.stringify(record)}\n`;
    this.#block.push(line);
    this.#units += line.length;
    if (this.#units >= BLOCK_UNITS) await this.#flush();
  }

  /** null: nothing was written, and there is no file. */
  async finish(): Promise<ArtifactRef | null> {
    if (this.#block.length > 0) await this.#flush();
    return (await this.#writer?.finish()) ?? null;
  }

  /** Throws away what was written. Does nothing after finish. */
  async abort(): Promise<void> {
    await this.#writer?.abort();
  }

  async #flush(): Promise<void> {
    this.#writer ??= await this.store.writer(this.path);
    await this.#writer.write(this.#block.join(''));
    this.#block = [];
    this.#units = 0;
  }
}
