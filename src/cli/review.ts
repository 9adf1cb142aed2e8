/** tutelage review: the page; review export, import, status: labels to people and back, as files or through another tool's
 *  server. */

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { counted, inNumber } from '../contracts/index.js';
import {
  auditSize,
  type Handout,
  importFile,
  labelledRows,
  queueOf,
  REVIEW_FORMATS,
  type ReviewFormat,
  reviewStatus,
  rowsToAdjudicate,
  rowsToAudit,
  rowsToFix,
  takeDisputes,
  takeSheet,
  writeDisputable,
  writeReviewFile,
} from '../review/index.js';
import { UsageError } from '../temporal/index.js';
import { withServerOptions } from './command-options.js';
import { STORE_OPTION } from './existing-store.js';
import { openReview } from './open-review.js';
import { personName, portNumber, wholeNumber } from './option-values.js';
import { recordInWords, statusInWords } from './review-in-words.js';
import { openPage } from './review-page.js';
import { pullSheet, pushHandout } from './review-tools.js';

interface ExportFlags {
  readonly output?: string;
  readonly push?: string;
  readonly workspace?: string;
  readonly format?: ReviewFormat;
  readonly rows: number;
  readonly audit?: number;
  readonly again?: true;
  readonly differing?: true;
  readonly as?: string;
  readonly store?: string;
}

interface ImportFlags {
  readonly as: string;
  readonly format?: ReviewFormat;
  readonly pull?: string;
  readonly replace?: true;
  readonly adjudicate?: true;
  readonly store?: string;
}

interface StatusFlags {
  readonly json?: true;
  readonly store?: string;
}

const RUN = ['<workflow-id>', 'the run, at its labels gate'] as const;
const DEFAULT_ROWS = 200;

export function registerReview(program: Command): void {
  const format = (about: string) => new Option('--format <name>', about).choices([...REVIEW_FORMATS]);
  const review = program
    .command('review')
    .description('let people look at the labels that matter: a page for each reviewer, or files out and in')
    // Else the options of export, import and status would be taken for the page's.
    .enablePositionalOptions()
    .argument('[workflow-id]', 'the run to open; without: what waits')
    .option('--as <name>', 'who decides: the link is theirs', personName)
    .option('--host <name>', 'where the page listens; without: on this machine only')
    .option('--port <n>', 'its port; without: 7400, or any where that is taken', portNumber)
    .option(...STORE_OPTION);
  withServerOptions(review).action(openPage);
  review
    .command('export')
    .description('write the most doubtful labels, or a random audit that hides the labels, to fill in')
    .argument(...RUN)
    .option(
      '--output <path>',
      'where to: .xlsx (drop-down of labels), .csv, .jsonl, .parquet; a folder for other tools',
    )
    .addOption(format("another tool's format; files go by their extension"))
    .option('--push <url>', 'make a project on this server instead (label-studio, argilla)')
    .option('--workspace <name>', "Argilla's workspace, where the key sees several")
    .option('--rows <n>', 'how many of the most doubtful texts', wholeNumber, DEFAULT_ROWS)
    .addOption(
      new Option('--audit <n>', 'the first n texts of the random audit instead; drawn at the first time')
        .argParser(wholeNumber)
        .conflicts('rows'),
    )
    .option('--again', 'with --audit: also texts that others have decided, for several opinions about each')
    .addOption(
      new Option('--differing', 'texts that people decided differently instead, with what each says').conflicts([
        'audit',
        'rows',
      ]),
    )
    .option('--as <name>', 'who draws the audit, and with --again whose decisions are left out', personName)
    .option(...STORE_OPTION)
    .action(exportRows);
  review
    .command('import')
    .description('take over the decisions of a filled-in file: all of them, or none')
    .argument(...RUN)
    .argument('[file]', 'what review export wrote, with the column decision filled in, or what the tool exported')
    .addOption(format('the tool that the file, or the server, is of'))
    .option('--pull <url>', 'fetch the decisions from this project instead (label-studio, argilla)')
    .requiredOption('--as <name>', 'who decided; tools that know it say themselves', personName)
    .option('--replace', "also where it contradicts another person's decision")
    .option('--adjudicate', 'the decisions settle what people decided differently, and count over theirs')
    .option(...STORE_OPTION)
    .action(importRows);
  review
    .command('gold')
    .description('write the gold rows on which the teacher has another label, to fill in the column disputed')
    .argument(...RUN)
    .requiredOption('--output <path>', 'where to: .csv, .jsonl, .parquet')
    .option(...STORE_OPTION)
    .action(exportGold);
  review
    .command('dispute')
    .description('take over which gold labels are disputed: the report shows its figures with and without them')
    .argument(...RUN)
    .argument(
      '<file>',
      'what review gold wrote, with the column disputed filled in; the columns id and disputed are enough',
    )
    .requiredOption('--as <name>', 'who disputes them', personName)
    .option(...STORE_OPTION)
    .action(disputeGold);
  review
    .command('log')
    .description('every decision and revised guideline, by whom and when, oldest first')
    .argument(...RUN)
    .option('--json', 'one JSON object a line')
    .option(...STORE_OPTION)
    .action(showLog);
  review
    .command('status')
    .description('who decided how much, and what the audit certifies so far')
    .argument(...RUN)
    .option('--json', 'as one JSON object')
    .option(...STORE_OPTION)
    .action(showStatus);
}

async function exportRows(workflowId: string, flags: ExportFlags): Promise<void> {
  if ((flags.output === undefined) === (flags.push === undefined)) {
    throw new UsageError('the labels need one place to go to', 'Give --output PATH, or --push URL.');
  }
  if (flags.again && flags.audit === undefined) {
    throw new UsageError(
      '--again is of an audit, where several opinions are wanted',
      'Add --audit N, or leave it out.',
    );
  }
  if (flags.workspace !== undefined && flags.push === undefined) {
    throw new UsageError('--workspace is of a server, and --output writes files', 'Leave it out, or give --push URL.');
  }
  const review = await openReview(workflowId, flags.store);
  const queue = await queueOf(review);
  const { confidence, guideline, labels } = queue;
  const outdated = await review.outdated(queue);
  if (outdated !== null) process.stderr.write(`${outdated}\n`);
  const handout = { labels, guideline: guideline ?? '' };
  if (flags.format === 'cleanlab') {
    if (flags.audit !== undefined || flags.differing) {
      throw new UsageError('cleanlab judges all labels at once', 'Leave out --audit and --differing.');
    }
    const rows = await labelledRows(review);
    const place = await handOut({ ...handout, purpose: 'fix', rows }, workflowId, flags);
    process.stdout.write(`${place}: all ${counted(rows.length, 'label')}, as cleanlab judges each by the others\n`);
    return;
  }
  if (flags.differing) {
    const rows = await rowsToAdjudicate(review);
    const place = await handOut({ ...handout, purpose: 'adjudication', rows }, workflowId, flags);
    process.stdout.write(`${place}: the ${counted(rows.length, 'text')} that people decided differently\n`);
    return;
  }
  if (flags.audit === undefined) {
    const rows = await rowsToFix(review, flags.rows);
    const place = await handOut({ ...handout, purpose: 'fix', rows }, workflowId, flags);
    process.stdout.write(`${place}: the ${counted(rows.length, 'most doubtful label')} that nobody has looked at\n`);
    return;
  }
  if (flags.as === undefined) throw new UsageError('--audit needs to know who draws it', 'Add --as NAME.');
  const draw = { count: flags.audit, reviewer: flags.as, again: flags.again === true, at: new Date() };
  const { audit, rows } = await rowsToAudit(review, draw);
  const place = await handOut({ ...handout, purpose: 'audit', rows }, workflowId, flags);
  const drawn = `drawn at random from ${counted(audit.population, 'label')}`;
  const sizes = [0.05, 0.02, 0.01].map(
    (share) => `${auditSize(audit.population, share, confidence)} show at most ${100 * share} %`,
  );
  process.stdout.write(
    `${place}: ${counted(rows.length, 'text')} ${drawn}. Without an error among them, ${sizes.join(', ')} wrong at ${100 * confidence} % confidence.\n`,
  );
}

/** Returns where the rows are, for people. */
async function handOut(handout: Handout, workflowId: string, flags: ExportFlags): Promise<string> {
  if (flags.output !== undefined) {
    await writeReviewFile(resolve(flags.output), flags.format ?? null, handout);
    return flags.output;
  }
  const name = `${workflowId} ${handout.purpose} ${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`;
  return pushHandout(handout, { url: flags.push!, format: flags.format, workspace: flags.workspace ?? null, name });
}

async function importRows(workflowId: string, file: string | undefined, flags: ImportFlags): Promise<void> {
  if ((file === undefined) === (flags.pull === undefined)) {
    throw new UsageError('the decisions come from one place', 'Give a file, or --pull URL.');
  }
  const review = await openReview(workflowId, flags.store);
  const options = {
    reviewer: flags.as,
    replace: flags.replace === true,
    adjudicate: flags.adjudicate === true,
    at: new Date(),
  };
  const taken =
    file === undefined
      ? await takeSheet(review, await pullSheet(flags.pull!, flags.format), { ...options, place: flags.pull! })
      : await importFile(review, { ...options, path: resolve(file), format: flags.format ?? null });
  if ('opinions' in taken) {
    const suspicious = taken.opinions.filter((opinion) => opinion.suspicious).length;
    process.stdout.write(
      `cleanlab doubts ${suspicious} of ${counted(taken.opinions.length, 'label')}. What it doubts comes first in the next export; none was changed, as no person decided.\n`,
    );
    return;
  }
  process.stdout.write(
    `${counted(taken.decisions.length, 'decision')} taken over, ${counted(taken.undecided, 'row')} left open\n`,
  );
  process.stdout.write(statusInWords(workflowId, await reviewStatus(review)));
}

async function showStatus(workflowId: string, flags: StatusFlags): Promise<void> {
  const review = await openReview(workflowId, flags.store);
  const status = await reviewStatus(review);
  process.stdout.write(flags.json ? `${JSON.stringify(status)}\n` : statusInWords(workflowId, status));
}

async function exportGold(workflowId: string, flags: { output: string; store?: string }): Promise<void> {
  const rows = await writeDisputable(await openReview(workflowId, flags.store), resolve(flags.output));
  process.stdout.write(`${flags.output}: ${counted(rows, 'gold row')} on which the teacher has another label\n`);
}

async function disputeGold(workflowId: string, file: string, flags: { as: string; store?: string }): Promise<void> {
  const review = await openReview(workflowId, flags.store);
  const taken = await takeDisputes(review, { path: resolve(file), reviewer: flags.as, at: new Date() });
  process.stdout.write(
    `${counted(taken, 'gold label')} ${inNumber(taken, 'is', 'are')} disputed; the report will show its figures with and without them\n`,
  );
}

async function showLog(workflowId: string, flags: StatusFlags): Promise<void> {
  const review = await openReview(workflowId, flags.store);
  const records = [...(await review.log()).records(), ...(await review.revisions())];
  for (const record of records.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))) {
    process.stdout.write(`${flags.json ? JSON.stringify(record) : recordInWords(record)}\n`);
  }
}
