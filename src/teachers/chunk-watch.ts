/** Tells a chunk when to stop: its run was paused or cancelled, another worker owns it now, or its activity was ended.
 *  Looks at the store again and again, and before a call whenever the last look is too old: a process that was suspended
 *  past its heartbeat time-out does not send a single call before it has looked. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { MissingArtifactError, type Store } from '../store/index.js';
import type { ChunkClaim } from './chunk-claim.js';

const LOOK_EVERY_MS = 800;
/** No call is sent when the last look is older. */
export const LOOK_HOLDS_MS = 2000;
const MOST_LOOKS = 5;
/** Calls in flight were paid for: they get this long to come back. */
const GRACE_MS = 1000;

export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError';
}
export class RunPausedError extends Error {
  override readonly name = 'RunPausedError';
}
export class RunCancelledError extends Error {
  override readonly name = 'RunCancelledError';
}

/** State of the run's control file. No file: running. */
export type ControlState = 'running' | 'paused' | 'cancelled';

export class ChunkWatch {
  private readonly stopped = new AbortController();
  private readonly callsEnded = new AbortController();
  /** When the last look began; what changed later it may have missed. */
  private lookedAt = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | null = null;
  private readonly lookTimer: NodeJS.Timeout;
  private graceTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly store: Store,
    private readonly controlPath: string,
    private readonly claim: ChunkClaim,
    private readonly activity: AbortSignal,
  ) {
    // One listener for each call that waits or is in flight.
    setMaxListeners(0, this.stopping, this.callSignal);
    this.lookTimer = setInterval(() => this.look().catch((error: unknown) => this.stop(error)), LOOK_EVERY_MS);
    activity.addEventListener('abort', this.onActivityEnded);
    if (activity.aborted) this.onActivityEnded();
  }

  /** Aborts when no further call may be sent; its reason is the error to end with. */
  get stopping(): AbortSignal {
    return this.stopped.signal;
  }

  /** Ends calls in flight: aborts some time after `stopping`. Its reason is never an error of a teacher, which would say that
   *  the call was answered. */
  get callSignal(): AbortSignal {
    return this.callsEnded.signal;
  }

  /** The last look is young enough to send a call now, if it was not told to stop. */
  get lookHolds(): boolean {
    return Date.now() - this.lookedAt <= LOOK_HOLDS_MS;
  }

  /** Looks if the last look is too old. Throws when no further call may be sent. */
  async mayAsk(): Promise<void> {
    for (let looks = 0; !this.lookHolds && !this.stopping.aborted; looks++) {
      if (looks === MOST_LOOKS)
        throw new Error(`the store took over ${LOOK_HOLDS_MS / 1000} s to answer, ${looks} times`);
      // One look may not be enough: it may have begun before the process was suspended.
      await this.look();
    }
    this.stopping.throwIfAborted();
  }

  /** Waits, but not longer than the chunk may go on. Throws the reason to stop. */
  async sleep(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.stopping });
    } catch (error) {
      this.stopping.throwIfAborted();
      throw error;
    }
  }

  /** The first reason counts. */
  stop(reason: unknown): void {
    if (this.stopping.aborted) return;
    this.stopped.abort(reason);
    this.graceTimer = setTimeout(() => this.callsEnded.abort(), GRACE_MS);
  }

  close(): void {
    clearInterval(this.lookTimer);
    if (this.graceTimer !== null) clearTimeout(this.graceTimer);
    this.activity.removeEventListener('abort', this.onActivityEnded);
  }

  private readonly onActivityEnded = () => this.stop(this.activity.reason);

  private look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    const startedAt = Date.now();
    const [isMine, state] = await Promise.all([this.claim.isMine(), readControl(this.store, this.controlPath)]);
    if (!isMine) this.stop(new ClaimLostError('another worker owns this chunk now'));
    if (state === 'paused') this.stop(new RunPausedError('the run is paused'));
    if (state === 'cancelled') this.stop(new RunCancelledError('the run was cancelled'));
    this.lookedAt = startedAt;
  }
}

async function readControl(store: Store, path: string): Promise<ControlState> {
  try {
    const control: { state: ControlState } = JSON.parse(Buffer.from(await store.read(path)).toString('utf8'));
    return control.state;
  } catch (error) {
    if (error instanceof MissingArtifactError) return 'running';
    throw error;
  }
}
