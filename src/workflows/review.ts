/** One wait for a person: reminds, and ends when the root says that somebody decided, or when the deadline passes. */
import {
  condition,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReviewInput } from '../contracts/index.js';
import { decidedSignal, remindedSignal } from './messages.js';

/** Returns who decided, or null when the deadline passed. */
export async function review(input: ReviewInput): Promise<string | null> {
  let decided: string | null = null;
  setHandler(decidedSignal, (words) => {
    decided = words;
  });
  const deadline = Date.now() + input.deadlineMs;
  let reminders = 0;
  for (;;) {
    setCurrentDetails(board(input, new Date(deadline), reminders));
    const left = deadline - Date.now();
    if (left <= 0) return null;
    if (await condition(() => decided !== null, Math.min(left, input.reminderMs))) return decided;
    if (Date.now() < deadline) await remind(++reminders);
  }
}

async function remind(reminders: number): Promise<void> {
  const { parent } = workflowInfo();
  if (parent) await getExternalWorkflowHandle(parent.workflowId, parent.runId).signal(remindedSignal, reminders);
}

function board(input: ReviewInput, deadline: Date, reminders: number): string {
  const root = workflowInfo().parent?.workflowId ?? '';
  return [
    `## Waiting for a person: gate \`${input.gate}\` of ${input.task}`,
    '',
    `Decide on the parent workflow \`${root}\`, until ${deadline.toISOString()}. Reminders so far: ${reminders}.`,
    '',
    input.evidence,
  ].join('\n');
}
