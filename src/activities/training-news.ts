/** What a training tells its workflow, which does not see heartbeats: seldom, since each signal costs its history four events. */
import { Context } from '@temporalio/activity';
import { TRAINING_NEWS_SIGNAL, type TrainingNews } from '../contracts/index.js';

/** Share of the work between two signals, so that no training sends more than twenty. */
const LEAST_SHARE = 0.05;
/** What is over sooner tells nothing. */
const LEAST_MS = 15_000;

export class NewsSender {
  private sentDone: number;
  private sentAt: number;
  private sending: Promise<void> = Promise.resolve();

  constructor(
    private readonly send: (news: TrainingNews) => Promise<void>,
    private readonly now: () => number = Date.now,
  ) {
    this.sentDone = 0;
    this.sentAt = now();
  }

  /** Sends the news if it is time to. */
  offer(news: TrainingNews): void {
    if (news.done - this.sentDone < LEAST_SHARE || this.now() - this.sentAt < LEAST_MS) return;
    this.sentDone = news.done;
    this.sentAt = this.now();
    this.sending = this.sending.then(() => this.send(news)).catch(() => undefined);
  }

  /** Resolves when nothing is under way any more: news must not come after the result. What failed to be sent is lost, for the
   *  board is only a view. */
  settled(): Promise<void> {
    return this.sending;
  }
}

/** Sends to the workflow that runs the activity of the moment. */
export function newsToOwnWorkflow(now?: () => number): NewsSender {
  const { client, info } = Context.current();
  const { workflowId, runId } = info.workflowExecution ?? {};
  const send = async (news: TrainingNews) => {
    if (workflowId !== undefined) await client.workflow.getHandle(workflowId, runId).signal(TRAINING_NEWS_SIGNAL, news);
  };
  return new NewsSender(send, now);
}
