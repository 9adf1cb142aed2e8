/** tutelage approve, reject, revise: a person's decision at an open gate. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { counted, GateDecision, GateName, type GateOutcome, inNumber, Revision } from '../contracts/index.js';
import { type ServerFlags, SetupError, UsageError } from '../temporal/index.js';
import { withServerOptions } from './command-options.js';
import { STORE_OPTION } from './existing-store.js';
import { openReview } from './open-review.js';
import { namesOf, personName, wholeNumber } from './option-values.js';
import { askProgress, findRun, sendDecision, withClient } from './run-client.js';
import { DECIDED } from './run-end.js';

interface Flags extends ServerFlags {
  readonly gate?: GateName;
  readonly as: string;
  readonly note: string;
  readonly corrections?: string;
  readonly reviewed?: true;
  readonly store?: string;
  readonly json?: true;
}

interface RevisionFlags extends Pick<Flags, keyof ServerFlags | 'as' | 'note' | 'json'> {
  readonly guideline: string;
  readonly doubted?: true;
  readonly labels?: string;
  readonly examples: number;
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

export function registerRevise(program: Command): void {
  const about = 'ask the teacher again under another guideline, at the labels gate; the gate opens anew after it';
  decisionCommand(program, 'revise', about)
    .requiredOption('--guideline <file>', 'how to decide: a file with the whole new text')
    .option('--doubted', 'ask about the texts whose votes disagree, or decide nothing')
    .option(
      '--labels <names>',
      'ask about the texts that have one of these labels now; names with commas between, one that has a comma in double quotes',
    )
    .option(
      '--examples <n>',
      'show the teacher so many labels that people corrected in the fix queue, as many of each label',
      wholeNumber,
      0,
    )
    .option('--note <text>', 'why', '')
    .action(revise);
}

function gateCommand(program: Command, name: string, about: string): Command {
  return decisionCommand(program, name, about)
    .addOption(new Option('--gate <gate>', 'which gate; without: the open one').choices(GateName.options))
    .option('--note <text>', 'why; needed to approve against a failed check', '');
}

function decisionCommand(program: Command, name: string, about: string): Command {
  const command = program
    .command(name)
    .description(about)
    .argument('[workflow-id]', 'the run; without: the only open one')
    .requiredOption('--as <name>', 'who decides', personName)
    .option('--json', 'print the recorded decision as one JSON object');
  return withServerOptions(command);
}

async function revise(named: string | undefined, flags: RevisionFlags): Promise<void> {
  const labels = flags.labels === undefined ? [] : await namesOf('--labels', flags.labels);
  const doubted = flags.doubted === true;
  if (!doubted && labels.length === 0) {
    throw new UsageError(
      'no text would be asked about again',
      'Give --doubted for those whose votes disagree, --labels A,B for those with these labels, or both.',
    );
  }
  const decision = GateDecision.parse({
    gate: 'labels',
    decision: 'revise',
    reviewer: flags.as,
    note: flags.note,
    decisionId: randomUUID(),
    revision: { guideline: await readGuideline(flags.guideline), doubted, labels, examples: flags.examples },
  });
  await withClient(flags, async (client) => {
    const workflowId = await findRun(client, named);
    tell(workflowId, await sendDecision(client, workflowId, decision), flags);
  });
}

async function readGuideline(file: string): Promise<string> {
  const text = await readFile(resolve(file), 'utf8').catch((error: Error) => {
    throw new UsageError(`--guideline ${file} can't be read: ${error.message}`, 'Give a text file.');
  });
  const { data, error } = Revision.shape.guideline.safeParse(text);
  if (data === undefined) {
    throw new UsageError(
      `--guideline ${file}: ${error?.issues[0]?.message}`,
      'It is the whole new guideline, as text of 1 to 50,000 characters.',
    );
  }
  return data;
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
    tell(workflowId, outcome, { ...flags, gate });
  });
}

/** Prints what was recorded. */
function tell(workflowId: string, outcome: GateOutcome, { gate = 'labels', json }: Pick<Flags, 'gate' | 'json'>): void {
  const { at, decision, reviewer, revision } = outcome;
  const asked = revision
    ? `\n${counted(revision.texts, 'text')} ${inNumber(revision.texts, 'is', 'are')} asked about again (gold rows among them: ${revision.goldTexts}), at most ${counted(revision.callsAtMost, 'call')}; left out, for people decided on them: ${revision.decided}\nFollow it with: tutelage watch ${workflowId}`
    : '';
  const words = `${workflowId}: gate ${gate}: ${DECIDED[decision]} by ${reviewer}, recorded at ${at}${asked}`;
  process.stdout.write(`${json ? JSON.stringify({ workflowId, gate, ...outcome }) : words}\n`);
}

/** What the decision says of corrections: a file of the user's, or the review's decisions as a file in the store. */
async function correctionsOf(workflowId: string, { corrections, reviewed, store }: Flags): Promise<string | null> {
  if (reviewed === undefined) return corrections === undefined ? null : resolve(corrections);
  if (corrections !== undefined) {
    throw new UsageError(
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
