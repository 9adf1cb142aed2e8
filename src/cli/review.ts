/** tutelage review export, import, status: labels to people and back, as files. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { certificateInWords } from '../evaluation/index.js';
import { auditSize, importSheet, queueOf, reviewStatus, rowsToAudit, rowsToFix, writeSheet } from '../review/index.js';
import { SetupError } from '../temporal/index.js';
import { STORE_OPTION } from './existing-store.js';
import { openReview } from './open-review.js';

interface ExportFlags {
  readonly output: string;
  readonly rows: number;
  readonly audit?: number;
  readonly as?: string;
  readonly store?: string;
}

interface ImportFlags {
  readonly as: string;
  readonly replace?: true;
  readonly store?: string;
}

interface StatusFlags {
  readonly json?: true;
  readonly store?: string;
}

const RUN = ['<workflow-id>', 'the run, at its labels gate'] as const;
const DEFAULT_ROWS = 200;

export function registerReview(program: Command): void {
  const review = program.command('review').description('let people look at the labels that matter: files out and in');
  review
    .command('export')
    .description('write the most doubtful labels, or a random audit that hides the labels, to fill in')
    .argument(...RUN)
    .requiredOption('--output <file>', 'where to: .xlsx (drop-down of labels), .csv, .jsonl')
    .option('--rows <n>', 'how many of the most doubtful texts', wholeNumber, DEFAULT_ROWS)
    .option('--audit <n>', 'the first n texts of the random audit instead; drawn at the first time', wholeNumber)
    .option('--as <name>', 'who draws the audit')
    .option(...STORE_OPTION)
    .action(exportRows);
  review
    .command('import')
    .description('take over the decisions of a filled-in file: all of them, or none')
    .argument(...RUN)
    .argument('<file>', 'what review export wrote, with the column decision filled in')
    .requiredOption('--as <name>', 'who decided')
    .option('--replace', "also where it contradicts another person's decision")
    .option(...STORE_OPTION)
    .action(importRows);
  review
    .command('status')
    .description('who decided how much, and what the audit certifies so far')
    .argument(...RUN)
    .option('--json', 'as one JSON object')
    .option(...STORE_OPTION)
    .action(showStatus);
}

async function exportRows(workflowId: string, flags: ExportFlags): Promise<void> {
  const review = await openReview(workflowId, flags.store);
  const { confidence, labels } = await queueOf(review);
  const path = resolve(flags.output);
  if (flags.audit === undefined) {
    const rows = await rowsToFix(review, flags.rows);
    await writeSheet({ path, purpose: 'fix', rows, labels });
    process.stdout.write(`${flags.output}: the ${rows.length} most doubtful labels that nobody has looked at\n`);
    return;
  }
  if (flags.as === undefined) throw new SetupError('--audit needs to know who draws it', 'Add --as NAME.');
  const { audit, rows } = await rowsToAudit(review, { count: flags.audit, reviewer: flags.as, at: new Date() });
  await writeSheet({ path, purpose: 'audit', rows, labels });
  const drawn = `drawn at random from ${audit.population} labels`;
  const sizes = [0.05, 0.02, 0.01].map(
    (share) => `${auditSize(audit.population, share, confidence)} show at most ${100 * share} %`,
  );
  process.stdout.write(
    `${flags.output}: ${rows.length} texts ${drawn}. Without an error among them, ${sizes.join(', ')} wrong at ${100 * confidence} % confidence.\n`,
  );
}

async function importRows(workflowId: string, file: string, flags: ImportFlags): Promise<void> {
  const review = await openReview(workflowId, flags.store);
  const options = { reviewer: flags.as, replace: flags.replace === true, at: new Date() };
  const { decisions, undecided } = await importSheet(review, resolve(file), options);
  process.stdout.write(`${decisions.length} decisions taken over, ${undecided} rows left open\n`);
  process.stdout.write(await statusInWords(workflowId, review));
}

async function showStatus(workflowId: string, flags: StatusFlags): Promise<void> {
  const review = await openReview(workflowId, flags.store);
  const text = flags.json ? `${JSON.stringify(await reviewStatus(review))}\n` : await statusInWords(workflowId, review);
  process.stdout.write(text);
}

async function statusInWords(workflowId: string, review: Parameters<typeof reviewStatus>[0]): Promise<string> {
  const { audited, byReviewer, certificate, corrected, decided, texts } = await reviewStatus(review);
  const people = Object.entries(byReviewer).map(([name, count]) => `${name} ${count}`);
  const lines = [
    `${decided} of ${texts} texts decided${people.length > 0 ? ` (${people.join(', ')})` : ''}, ${corrected} labels changed`,
    audited === null ? 'no audit was drawn' : `${audited} texts of the audit decided`,
    ...(certificate === null ? [] : [certificateInWords(certificate)]),
    `to approve with them: tutelage approve ${workflowId} --gate labels --as NAME --reviewed`,
  ];
  return `${lines.join('\n')}\n`;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}
