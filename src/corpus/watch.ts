/** Progress and cancellation of passes over many rows. */

export type PreparePhase = 'read' | 'check ids' | 'sort' | 'draw' | 'write';

export interface PrepareProgress {
  phase: PreparePhase;
  /** Rows that the phase has gone through so far. */
  rows: number;
}

/** Rows between two reports. */
const REPORT_EVERY = 1000;

export class Watch {
  constructor(
    private readonly onProgress: ((progress: PrepareProgress) => void) | undefined,
    readonly signal: AbortSignal | undefined,
  ) {}

  /** Passes rows on, reports each thousandth, and throws the signal's reason once it is aborted. */
  async *each<T>(rows: AsyncIterable<T>, phase: PreparePhase): AsyncGenerator<T> {
    let count = 0;
    for await (const row of rows) {
      if (count++ % REPORT_EVERY === 0) {
        this.signal?.throwIfAborted();
        this.onProgress?.({ phase, rows: count });
      }
      yield row;
    }
  }
}
