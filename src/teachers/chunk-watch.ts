/** Tells a chunk when to stop: its run was paused or cancelled, another worker owns it now, or its activity was ended.
 *  Looks at the store once a second, and before a call whenever the last look is older: a process that was suspended
 *  past its heartbeat time-out does not send a single call before it has looked. */
import type { Store } from '../store/index.js';
import type { ChunkClaim } from './chunk-claim.js';

const LOOK_EVERY_MS = 1000;
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
  private readonly inFlight = new AbortController();
  private reason: unknown = null;
  private lookedAt = Date.now();
  private looking: Promise<void> | null = null;
  private readonly timer: NodeJS.Timeout;
  private readonly sleepers = new Set<() => void>();

  constructor(
    private readonly store: Store,
    private readonly controlPath: string,
    private readonly claim: ChunkClaim,
    private readonly activity: AbortSignal,
  ) {
    this.timer = setInterval(() => this.look().catch((error) => this.stop(error)), LOOK_EVERY_MS);
    if (activity.aborted) this.stop(activity.reason);
    activity.addEventListener('abort', this.onActivityEnded);
  }

  /** Aborts calls in flight, some time after the chunk has to stop. */
  get signal(): AbortSignal {
    return this.inFlight.signal;
  }

  /** Why the chunk has to stop, or null. */
  get stopReason(): unknown {
    return this.reason;
  }

  /** Throws when no further call may be sent. */
  async mayAsk(): Promise<void> {
    if (Date.now() - this.lookedAt > 2 * LOOK_EVERY_MS) await this.look();
    if (this.reason !== null) throw this.reason;
  }

  /** Waits, but not longer than the chunk may go on. */
  async sleep(ms: number): Promise<void> {
    if (this.reason === null) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.sleepers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        this.sleepers.add(wake);
      });
    }
    if (this.reason !== null) throw this.reason;
  }

  stop(reason: unknown): void {
    if (this.reason !== null) return;
    this.reason = reason;
    for (const wake of [...this.sleepers]) wake();
    setTimeout(() => this.inFlight.abort(reason), GRACE_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
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
    if (!(await this.claim.isMine())) this.stop(new ClaimLostError('another worker owns this chunk now'));
    const state = await readControl(this.store, this.controlPath);
    if (state === 'paused') this.stop(new RunPausedError('the run is paused'));
    if (state === 'cancelled') this.stop(new RunCancelledError('the run was cancelled'));
    this.lookedAt = Date.now();
  }
}

async function readControl(store: Store, path: string): Promise<ControlState> {
  if (!(await store.exists(path))) return 'running';
  const control: { state: ControlState } = JSON.parse(Buffer.from(await store.read(path)).toString('utf8'));
  return control.state;
}
