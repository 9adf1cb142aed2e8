/** Requests to a provider's batches that may be repeated, repeated while its trouble may pass. */
import { setTimeout as delay } from 'node:timers/promises';
import { splitLines } from '../store/index.js';
import { TeacherUnreachableError } from './ask-question.js';
import type { BatchApi } from './batch-api.js';
import { TeacherBusyError, TeacherFailedError } from './teacher.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;

export interface Patience {
  readonly signal: AbortSignal;
  /** Trouble that lasts longer than this is thrown as TeacherUnreachableError. */
  readonly deadAfterMs: number;
}

export async function patiently<Result>(send: () => Promise<Result>, patience: Patience): Promise<Result> {
  const trouble = new Trouble(patience);
  for (;;) {
    try {
      return await send();
    } catch (error) {
      await trouble.pauseAfter(error);
    }
  }
}

/** Lines of a file as they come. A download that breaks off goes on where it was, as far as the provider can. */
export async function* downloadLines(api: BatchApi, file: string, patience: Patience): AsyncIterable<string> {
  yield* splitLines(downloadBytes(api, file, patience));
}

async function* downloadBytes(api: BatchApi, file: string, patience: Patience): AsyncIterable<Uint8Array> {
  let received = 0;
  let trouble = new Trouble(patience);
  for (;;) {
    try {
      const { bytes, resumed } = await api.content(file, received, patience.signal);
      let skip = resumed ? 0 : received;
      for await (const piece of bytes) {
        const skipped = Math.min(skip, piece.length);
        skip -= skipped;
        if (skipped === piece.length) continue;
        received += piece.length - skipped;
        trouble = new Trouble(patience);
        yield piece.subarray(skipped);
      }
      return;
    } catch (error) {
      await trouble.pauseAfter(api.brokenOff(error, patience.signal));
    }
  }
}

class Trouble {
  private since: number | null = null;
  private times = 0;

  constructor(private readonly patience: Patience) {}

  /** Throws what would not pass, or has lasted too long. */
  async pauseAfter(error: unknown): Promise<void> {
    const { deadAfterMs, signal } = this.patience;
    if (!(error instanceof TeacherBusyError || error instanceof TeacherFailedError)) throw error;
    this.since ??= Date.now();
    const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.times++);
    const pause = Math.max(full, (error instanceof TeacherBusyError && error.retryAfterMs) || 0);
    if (Date.now() + pause - this.since > deadAfterMs) {
      throw new TeacherUnreachableError(`no batch can be worked with; last: ${error.message}`, { cause: error });
    }
    await delay(pause, undefined, { signal });
  }
}
