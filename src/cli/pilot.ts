/** The pilot of a plan: a small run that labels some texts for real. The run that is planned finds its replies and does not pay again. */
import { ApplicationFailure } from '@temporalio/common';
import { counted, type Task } from '../contracts/index.js';
import type { Survey } from '../planning/index.js';
import { type ServerFlags, SetupError } from '../temporal/index.js';
import { followRun } from './follow-run.js';
import { untilInterrupted } from './run-end.js';
import type { RunInput } from './run-input.js';
import { confirmed, runIdOf, startRun } from './start-run.js';

/** false: the user did not want it. Throws SetupError when it failed or was left. */
export async function runPilot(
  { input, sent, task }: RunInput,
  texts: number,
  survey: Survey,
  flags: ServerFlags & { readonly yes?: true },
): Promise<boolean> {
  const perText = survey.texts === 0 ? 0 : 1 / survey.texts;
  const part = Math.min(1, texts * perText);
  const ofPilot = {
    ...survey,
    open: Math.min(survey.open, Math.round(survey.questions * part)),
    worstMicros: survey.worstMicros === null ? null : survey.worstMicros * part,
  };
  if (!(await confirmed(task, ofPilot, flags.yes === true))) return false;
  const workflowId = `${runIdOf(task, input)}-pilot-${texts}`;
  const corpus = { ...(sent.corpus as Record<string, unknown>), labelColumn: null };
  const { client } = await startRun(
    {
      workflowId,
      // Gold texts are drawn like the others: all of them would be labelled beside the sample.
      // It is for measuring, so it does not wait for batches.
      sent: {
        ...sent,
        set: { ...(sent.set as Record<string, unknown> | undefined), ...askingAtOnce(task) },
        gold: null,
        corpus: { ...corpus, sample: { size: texts } },
        until: 'vote',
      },
      summary: `${task.name}: pilot of ${counted(texts, 'text')}`,
    },
    flags,
  );
  try {
    const end = await followRun(client, workflowId, untilInterrupted());
    if (end === null) throw new SetupError(`the pilot ${workflowId} goes on`, 'Plan again when it has ended.');
    if (end.failure === null) return true;
    const { message, type } = end.failure;
    // The cause's type tells the exit code.
    const cause = ApplicationFailure.create({ message, ...(type !== null && { type }) });
    throw new SetupError(`the pilot ${workflowId} failed: ${message}`, 'Mend that, and plan again.', { cause });
  } finally {
    await client.connection.close();
  }
}

function askingAtOnce({ teachers }: Task): Record<string, null> {
  const fields = ['teacher', ...Object.keys(teachers).map((name) => `teachers.${name}`)];
  return Object.fromEntries(fields.map((field) => [`${field}.batch`, null]));
}
