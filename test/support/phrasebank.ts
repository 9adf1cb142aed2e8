/** For tests: the recorded replies of a real teacher on the Financial PhraseBank, as files for a run. They may not be part
 *  of this project and lie in the optional folder ../shared/data. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonl, writeJsonl } from './demo-data.js';

interface RecordedRow {
  readonly text: string;
  /** The label that all human annotators agreed on. */
  readonly expert: string;
  /** The teacher's label with the direct prompt. */
  readonly simple: string;
  /** Its three answers with the reasoned prompt; reason FAIL: unreadable, and the label a random one. */
  readonly cot: readonly { readonly reason: string; readonly label: string }[];
  /** Of the three labels, as the article counted them. */
  readonly majority: string;
}

export interface PhrasebankText {
  readonly text: string;
  readonly expert: string;
  /** Labels read from the three reasoned replies; null: unreadable, or not one of the labels. */
  readonly votes: readonly (string | null)[];
  /** What at least two votes say, or a single one beside two unreadable ones; null: nothing. */
  readonly majority: string | null;
  /** As recorded: on a tie it is a random one. */
  readonly recordedMajority: string;
}

export interface PhrasebankFiles {
  readonly corpus: string;
  readonly gold: string;
  readonly replies: string;
  /** Each different text once, in the file's order. */
  readonly corpusTexts: readonly PhrasebankText[];
  readonly goldTexts: readonly PhrasebankText[];
}

const FOLDS = 5;
const LABELS = ['negative', 'neutral', 'positive'];
const file = join(__dirname, '../../../shared/data/financial-phrasebank/mixtral-train.jsonl');

const wanted = process.env.TEST_RECORDED === '1';

/** Why tests on them are skipped; null: they are not. */
export const phrasebankSkipped = !wanted
  ? 'a run over the recorded data takes a minute (npm run test:recorded)'
  : existsSync(file)
    ? null
    : `${file} is not there (recorded data that may not be part of this project)`;

/** Row i is gold if i mod 5 is the fold, else it is in the corpus, which does not tell the experts' labels. */
export function phrasebankFiles(folder: string, fold: number): PhrasebankFiles {
  const rows = readJsonl<RecordedRow>(file);
  const isGold = (row: number) => row % FOLDS === fold;
  const corpusRows = rows.filter((_, row) => !isGold(row));
  const goldRows = rows.filter((_, row) => isGold(row));
  return {
    corpus: writeJsonl(
      join(folder, 'corpus.jsonl'),
      corpusRows.map(({ text }) => ({ text })),
    ),
    gold: writeJsonl(
      join(folder, 'gold.jsonl'),
      goldRows.map(({ text, expert }) => ({ text, label: expert })),
    ),
    replies: writeJsonl(join(folder, 'replies.jsonl'), different(rows).flatMap(recordedReplies)),
    corpusTexts: different(corpusRows).map(readVotes),
    goldTexts: different(goldRows).map(readVotes),
  };
}

/** Five texts stand in two rows, with other words from the teacher each time: the first row counts. */
function different(rows: readonly RecordedRow[]): RecordedRow[] {
  return [...new Map([...rows].reverse().map((row) => [row.text, row])).values()].reverse();
}

function recordedReplies({ cot, simple, text }: RecordedRow): object[] {
  const reasoned = cot.map(({ label, reason }, sample) => ({
    ...{ text, prompt: 'reasoned', sample },
    content: isUnreadable(reason) ? '(the recorded reply could not be read)' : JSON.stringify({ reason, label }),
  }));
  return [...reasoned, { text, prompt: 'direct', sample: 0, content: simple }];
}

function readVotes({ cot, expert, majority: recordedMajority, text }: RecordedRow): PhrasebankText {
  const votes = cot.map(({ label, reason }) => (isUnreadable(reason) || !LABELS.includes(label) ? null : label));
  return { text, expert, votes, majority: majorityOf(votes), recordedMajority };
}

function majorityOf(votes: readonly (string | null)[]): string | null {
  const counts = LABELS.map((label) => ({ label, count: votes.filter((vote) => vote === label).length }));
  const most = Math.max(...counts.map(({ count }) => count));
  const leaders = counts.filter(({ count }) => count === most);
  return leaders.length === 1 ? (leaders[0]?.label ?? null) : null;
}

function isUnreadable(reason: string): boolean {
  return reason === 'FAIL';
}
