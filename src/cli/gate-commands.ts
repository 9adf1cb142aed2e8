/** tutelage approve, reject: a person's decision at an open gate. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { GateDecision, GateName } from '../contracts/index.js';
import { type ServerFlags, SetupError } from '../temporal/index.js';
import { withServerOptions } from './command-options.js';
import { STORE_OPTION } from './existing-store.js';
import { openReview } from './open-review.js';
import { askProgress, findRun, sendDecision, withClient } from './run-client.js';

interface Flags extends ServerFlags {
  readonly gate?: GateName;
  readonly as: string;
  readonly note: string;
  readonly corrections?: string;
  readonly reviewed?: true;
  readonly store?: string;
  readonly json?: true;
}

export function registerApprove(program: Command): void {
  const command = gateCommand(program, 'approve', 'approve at the gate where a run waits')
    .option('--corrections <file>', "labels to replace the teacher's: a file of id and label (JSONL, CSV, Parquet)")
    .option('--reviewed', 'with the decisions of tutelage review import, and what the audit certifies')
    .option(...STORE_OPTION);
  command.action((workflowId: string | undefined, flags: Flags) => decide('approve', workflowId, flags));
}

export function registerReject(program: Command): void {
  gateCommand(program, 'reject', 'reject at the gate where a run waits, which ends the run').action(
    (workflowId: string | undefined, flags: Flags) => decide('reject', workflowId, flags),
  );
}

function gateCommand(program: Command, name: string, about: string): Command {
  const command = program
    .command(name)
    .description(about)
    .argument('[workflow-id]', 'the run; without: the only open one')
    .requiredOption('--as <name>', 'who decides')
    .addOption(new Option('--gate <gate>', 'which gate; without: the open one').choices(GateName.options))
    .option('--note <text>', 'why; needed to approve against a failed check', '')
    .option('--json', 'print the recorded decision as one JSON object');
  return withServerOptions(command);
}

async function decide(decision: 'approve' | 'reject', named: string | undefined, flags: Flags): Promise<void> {
  await withClient(flags, async (client) => {
    const workflowId = await findRun(client, named);
    const gate = flags.gate ?? (await askProgress(client, workflowId))?.waitingFor?.gate;
    if (gate === undefined) {
      throw new SetupError(
        `${workflowId} does not wait at a gate now`,
        `See where it is: tutelage watch ${workflowId}`,
      );
    }
    const outcome = await sendDecision(
      client,
      workflowId,
      GateDecision.parse({
        gate,
        decision,
        reviewer: flags.as,
        note: flags.note,
        corrections: await correctionsOf(workflowId, flags),
        decisionId: randomUUID(),
      }),
    );
    if (flags.json) process.stdout.write(`${JSON.stringify({ workflowId, gate, ...outcome })}\n`);
    else
      process.stdout.write(
        `${workflowId}: gate ${gate}: ${outcome.decision} by ${outcome.reviewer}, recorded at ${outcome.at}\n`,
      );
  });
}

/** What the decision says of corrections: a file of the user's, or the review's decisions as a file in the store. */
async function correctionsOf(workflowId: string, { corrections, reviewed, store }: Flags): Promise<string | null> {
  if (reviewed === undefined) return corrections === undefined ? null : resolve(corrections);
  if (corrections !== undefined) {
    throw new SetupError(
      '--reviewed and --corrections are both given',
      'Import the corrections too (tutelage review import), or leave one of the two out.',
    );
  }
  const review = await openReview(workflowId, store);
  const decisions = [...(await review.decisions()).values()];
  if (decisions.length === 0) {
    throw new SetupError(
      `nobody has decided on a label of ${workflowId}`,
      `Import a review file first: tutelage review import ${workflowId} FILE --as NAME`,
    );
  }
  return `store:${await review.writeCorrections(decisions)}`;
}
