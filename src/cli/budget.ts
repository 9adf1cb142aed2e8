/** tutelage budget: more of it for a run, or the decision to go on without. */
import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { BudgetDecision, type BudgetOutcome, counted } from '../contracts/index.js';
import { type ServerFlags, UsageError } from '../temporal/index.js';
import { positiveNumber, withServerOptions } from './command-options.js';
import { personName } from './option-values.js';
import { findRun, sendBudgetDecision, withClient } from './run-client.js';

interface Flags extends ServerFlags {
  readonly as: string;
  readonly addUsd?: number;
  readonly addCalls?: number;
  readonly addTokens?: number;
  readonly goOn?: true;
  readonly note: string;
  readonly json?: true;
}

export function registerBudget(program: Command): void {
  const command = program
    .command('budget')
    .description("raise a run's budget, or let a run whose budget is used up go on with the labels there are")
    .argument('[workflow-id]', 'the run; without: the only open one')
    .requiredOption('--as <name>', 'who decides', personName)
    .option('--add-usd <dollars>', 'US dollars to add', positiveNumber)
    .option('--add-calls <calls>', 'calls to add', wholeNumber)
    .option('--add-tokens <tokens>', 'tokens to add', wholeNumber)
    .option('--go-on', 'add nothing, and go on with the labels there are')
    .option('--note <text>', 'why', '')
    .option('--json', 'print the recorded decision as one JSON object');
  withServerOptions(command).action(decide);
}

async function decide(named: string | undefined, flags: Flags): Promise<void> {
  const { addCalls: calls = null, addTokens: tokens = null, addUsd: usd = null, goOn = false, note } = flags;
  if (goOn === ((usd ?? calls ?? tokens) !== null)) {
    throw new UsageError(
      goOn ? '--go-on adds nothing to the budget' : 'nothing is added to the budget',
      'Give --add-usd, --add-calls or --add-tokens, or --go-on alone.',
    );
  }
  const decision = BudgetDecision.parse({
    usd,
    calls,
    tokens,
    goOn,
    note,
    reviewer: flags.as,
    decisionId: randomUUID(),
  });
  await withClient(flags, async (client) => {
    const workflowId = await findRun(client, named);
    const outcome = await sendBudgetDecision(client, workflowId, decision);
    const text = flags.json ? JSON.stringify({ workflowId, ...outcome }) : `${workflowId}: ${inWords(outcome)}`;
    process.stdout.write(`${text}\n`);
  });
}

function inWords({ at, goOn, limits, reviewer }: BudgetOutcome): string {
  const now = [
    limits.micros === null ? [] : `$${limits.micros / 1e6}`,
    limits.calls === null ? [] : counted(limits.calls, 'call'),
    limits.tokens === null ? [] : counted(limits.tokens, 'token'),
  ].flat();
  const what = goOn ? 'goes on with the labels there are' : `its budget is ${now.join(', ')} now`;
  return `${what}, decided by ${reviewer} at ${at}`;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}
