/** One wait for a person: shows what is to be decided and reminds, until the root says that it was, or to the deadline. */
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type ReviewInput, ReviewNews } from '../contracts/index.js';
import { reviewBoard } from './board.js';
import { messageOf } from './failures.js';
import { decidedSignal, remindedSignal, reviewNewsSignal } from './messages.js';
import { ReviewPages } from './review-pages.js';
import { besideStage } from './stages.js';

const SHOWN_OF_NAME = 100;

export async function review(input: ReviewInput): Promise<'decided' | 'deadline passed'> {
  let decided = false;
  setHandler(decidedSignal, () => {
    decided = true;
  });
  const openedAt = Date.now();
  const wait = { input, root: workflowInfo().parent?.workflowId ?? '', deadline: isoAfter(openedAt, input.deadlineMs) };
  let shown: Shown = { ...wait, reminders: 0, escalated: false, untold: [], news: null, ignored: null };
  const show = (change: Partial<Shown>) => {
    shown = { ...shown, ...change };
    setCurrentDetails(reviewBoard(shown));
  };
  const pages = new ReviewPages();
  setHandler(reviewNewsSignal, (payload) => {
    const { data } = ReviewNews.safeParse(payload);
    if (data !== undefined) show({ news: pages.take(data) });
  });
  // Whoever looks at this workflow may decide on it by mistake.
  setDefaultSignalHandler((name) =>
    show({
      ignored: `signal ${JSON.stringify(name.slice(0, SHOWN_OF_NAME))}: nobody decides here; send it to ${wait.root}`,
    }),
  );
  for (let reminders = 0; ; reminders++) {
    const remindedAt = Date.now();
    if (reminders > 0) await remind(reminders);
    const escalated = input.escalateMs !== null && remindedAt - openedAt >= input.escalateMs;
    show({ reminders, escalated, untold: [] });
    show({ untold: await tell({ ...wait, reminders, escalated }) });
    const left = openedAt + input.deadlineMs - Date.now();
    const pause = Math.max(0, remindedAt + input.reminderMs - Date.now());
    if (await condition(() => decided, Math.min(Math.max(0, left), pause))) return 'decided';
    if (Date.now() >= openedAt + input.deadlineMs) return 'deadline passed';
  }
}

interface Wait {
  readonly input: ReviewInput;
  /** Workflow id of the run. */
  readonly root: string;
  readonly deadline: string;
  readonly reminders: number;
  readonly escalated: boolean;
}

interface Shown extends Wait {
  /** Why webhooks were not told. */
  readonly untold: readonly string[];
  /** From the review page; null: none yet. */
  readonly news: ReviewNews | null;
  /** The last signal that did not fit; null: there was none. */
  readonly ignored: string | null;
}

async function remind(reminders: number): Promise<void> {
  const { parent } = workflowInfo();
  if (!parent) return;
  const root = getExternalWorkflowHandle(parent.workflowId, parent.runId);
  await CancellationScope.nonCancellable(() => root.signal(remindedSignal, reminders)).catch((error) => {
    log.warn('the root did not hear of the reminder: it has ended', { problem: messageOf(error) });
  });
}

/** Tells the webhooks; what went wrong, for the board. The gate does not hang on them. */
async function tell({ deadline, escalated, input, reminders, root }: Wait): Promise<string[]> {
  const { approveCommand, escalateWebhookEnv, gate, task, webhookEnv } = input;
  const since = reminders === 0 ? 'now waits' : `still waits (reminder ${reminders})`;
  const [what, how] =
    gate === 'budget' ? ['for more budget', 'raise it'] : [`for a person at its gate "${gate}"`, 'approve'];
  const text = `Tutelage: the run ${root} (${task}) ${since} ${what}, until ${deadline}. To ${how}: ${approveCommand}`;
  const notice = { text, workflowId: root, task, gate, deadline, reminder: reminders, escalated, approveCommand };
  const problems: string[] = [];
  for (const name of [webhookEnv, escalated ? escalateWebhookEnv : null]) {
    // Waits that began before there were webhooks have none.
    if (!name) continue;
    try {
      await besideStage.notify({ webhookEnv: name, notice });
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('a webhook was not told of a gate that waits', { problem: messageOf(error) });
      problems.push(messageOf(error));
    }
  }
  return problems;
}

function isoAfter(start: number, ms: number): string {
  return new Date(start + ms).toISOString();
}
