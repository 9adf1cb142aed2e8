/** tutelage approve, reject: a person's decision at an open gate. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { GateDecision, GateName } from '../contracts/index.js';
import { type ServerFlags, SetupError } from '../temporal/index.js';
import { withServerOptions } from './command-options.js';
import { askProgress, findRun, sendDecision, withClient } from './run-client.js';

interface Flags extends ServerFlags {
  readonly gate?: GateName;
  readonly as: string;
  readonly note: string;
  readonly corrections?: string;
  readonly json?: true;
}

export function registerApprove(program: Command): void {
  const command = gateCommand(program, 'approve', 'approve at the gate where a run waits').option(
    '--corrections <file>',
    "labels to replace the teacher's: a file of id and label (JSONL, CSV, Parquet)",
  );
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
        corrections: flags.corrections === undefined ? null : resolve(flags.corrections),
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
