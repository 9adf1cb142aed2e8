/** Works done one after another, so that an older state can't be written over a newer one. */
import { CancellationScope } from '@temporalio/workflow';

export class InOrder {
  private last: Promise<unknown> = Promise.resolve();

  /** Starts the work when all before it have ended, however they ended. A cancellation of the workflow does not reach it. */
  run(work: () => Promise<void>): Promise<void> {
    const done = this.last.then(() => CancellationScope.nonCancellable(work));
    // Whoever asked for the work hears of its failure; the next work starts in any case.
    this.last = done.catch(() => undefined);
    return done;
  }
}
