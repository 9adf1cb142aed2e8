/** Chunk files of texts, in the order of their keys. */
import type { ArtifactRef, ChunkEntry, ChunkSet, TextRow } from '../contracts/index.js';
import type { Store } from '../store/index.js';

/** Chunks of an earlier run: their replies can be used again. */
export interface KnownChunk {
  folder: string;
  firstKey: string;
  lastKey: string;
}

/** Gathers the texts of one set into chunks. */
export class ChunkWriter {
  readonly entries: ChunkEntry[] = [];
  #rows: TextRow[] = [];

  constructor(
    private readonly store: Store,
    private readonly folder: string,
    private readonly set: ChunkSet,
    private readonly chunkTexts: number,
  ) {}

  /** Texts must come in the order of their keys. */
  async add(row: TextRow): Promise<void> {
    this.#rows.push(row);
    if (this.#rows.length === this.chunkTexts) await this.finish();
  }

  /** Writes the last chunk, if a text is left. */
  async finish(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length === 0) return;
    const name = `${this.set}-${String(this.entries.length).padStart(5, '0')}`;
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const file: ArtifactRef = await this.store.write(`${this.folder}/${name}.jsonl`, lines);
    this.entries.push({
      name,
      set: this.set,
      file,
      texts: rows.length,
      characters: rows.reduce((sum, row) => sum + row.text.length, 0),
      firstKey: rows[0]!.key,
      lastKey: rows.at(-1)!.key,
      reuse: [],
    });
  }
}

/** The chunks of one set, by key, each with the folders of known chunks that overlap it (ends included). */
export function withReuse(chunks: readonly ChunkEntry[], known: readonly KnownChunk[]): ChunkEntry[] {
  const waiting = [...known].sort((a, b) => (a.firstKey < b.firstKey ? -1 : a.firstKey > b.firstKey ? 1 : 0));
  let next = 0;
  let near: KnownChunk[] = [];
  return chunks.map((chunk) => {
    for (; next < waiting.length && waiting[next]!.firstKey <= chunk.lastKey; next++) near.push(waiting[next]!);
    near = near.filter(({ lastKey }) => lastKey >= chunk.firstKey);
    return { ...chunk, reuse: [...new Set(near.map(({ folder }) => folder))] };
  });
}
