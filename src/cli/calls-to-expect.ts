/** What a run may send and cost, counted before anything is sent. */
import type { DistillationInput, Spending, Task } from '../contracts/index.js';
import { compileTemplate, findFiles, type Row, readRows, textKey } from '../corpus/index.js';
import { buildPrompt, type Price, priceOf, teacherHost, worstCall } from '../teachers/index.js';
import { addSpending, NOTHING_SPENT } from '../voting/index.js';

export interface ExpectedCalls {
  /** Calls if each question is asked once. */
  readonly calls: number;
  readonly host: string;
  /** Dollars if every reply is as long as it may be; null where the price is not known. */
  readonly worstUsd: number | null;
  /** Tokens if every reply is as long as it may be and every byte of a prompt is a token. */
  readonly worstTokens: number;
}

/** Enough of a text's key to tell texts apart, as a number to keep millions of them. */
const KEY_DIGITS = 13;

/** Reads the files once. Rows that can't be used count for nothing here; the run itself judges them. */
export async function callsToExpect(task: Task, input: DistillationInput): Promise<ExpectedCalls> {
  const price = await priceOf(task.teacher);
  const texts = await countTexts(task, input);
  const drawn = input.corpus.sample === null ? texts.others : Math.min(texts.others, input.corpus.sample.size);
  const asked = drawn + texts.gold;
  const votes = task.votes.plan.reduce((sum, { samples }) => sum + samples, 0);
  // A sample may draw the longest texts.
  const bytes = drawn === texts.others ? Math.ceil(texts.bytes / Math.max(1, asked)) : texts.longest;
  const worst = worstOfText(task, price, bytes);
  return {
    calls: Math.min(asked * votes, task.budget.calls ?? Number.POSITIVE_INFINITY),
    host: teacherHost(task.teacher),
    worstTokens: Math.min(worst.tokens * asked, task.budget.tokens ?? Number.POSITIVE_INFINITY),
    worstUsd:
      worst.micros === null
        ? null
        : Math.min((worst.micros * asked) / 1e6, task.budget.usd ?? Number.POSITIVE_INFINITY),
  };
}

interface TextCount {
  /** Different texts with an expert's label, which a sample leaves alone. */
  gold: number;
  others: number;
  /** UTF-8 bytes of all different texts, and of the longest. */
  bytes: number;
  longest: number;
}

async function countTexts(task: Task, { corpus, gold }: DistillationInput): Promise<TextCount> {
  const count: TextCount = { gold: 0, others: 0, bytes: 0, longest: 0 };
  const seen = new Set<number>();
  for (const file of gold === null ? [corpus] : [gold, corpus]) {
    const template = compileTemplate(task.text, file.textColumn);
    for await (const row of rowsOf(file.path, file === gold ? 'gold.path' : 'corpus.path')) {
      const rendered = 'values' in row ? template.render(row.values) : null;
      if (!('values' in row) || rendered === null || !('text' in rendered)) continue;
      const key = Number.parseInt(textKey(rendered.text).slice(0, KEY_DIGITS), 16);
      if (seen.has(key)) continue;
      seen.add(key);
      const labelled = file.labelColumn !== null && (row.values[file.labelColumn] ?? '') !== '';
      if (file === gold || (gold === null && labelled)) count.gold++;
      else count.others++;
      const bytes = Buffer.byteLength(rendered.text);
      count.bytes += bytes;
      count.longest = Math.max(count.longest, bytes);
    }
  }
  return count;
}

async function* rowsOf(path: string | readonly string[], field: string): AsyncGenerator<Row> {
  const { files } = await findFiles(path, { field, env: process.env });
  for (const file of files) yield* readRows(await file.fetch(), { field, shown: file.address });
}

/** All the votes about a text of so many bytes. */
function worstOfText(task: Task, price: Price | null, bytes: number): Spending {
  return task.votes.plan
    .flatMap(({ maxTokens, prompt, samples }) => {
      const worst = worstCall(price, buildPrompt(task, prompt, 'x'.repeat(bytes)).messages, maxTokens);
      return Array<Spending>(samples).fill(worst);
    })
    .reduce(addSpending, NOTHING_SPENT);
}
