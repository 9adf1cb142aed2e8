/** What a run may send and cost, counted before anything is sent. */
import type { DistillationInput, Task } from '../contracts/index.js';
import { compileTemplate, readRows, textKey } from '../corpus/index.js';
import { buildPrompt, priceOf, teacherHost, worstCallMicros } from '../teachers/index.js';

export interface ExpectedCalls {
  /** Calls if every reply comes at the first try and none is known. */
  readonly calls: number;
  readonly host: string;
  /** Dollars if every reply is as long as it may be; null where the price is not known. */
  readonly worstUsd: number | null;
}

/** Reads the files once. Rows that can't be used count for nothing here; the run itself judges them. */
export async function callsToExpect(task: Task, input: DistillationInput): Promise<ExpectedCalls> {
  const price = await priceOf(task.teacher);
  const seen = new Set<string>();
  let bytes = 0;
  for (const file of [input.corpus, ...(input.gold === null ? [] : [input.gold])]) {
    const template = compileTemplate(task.text, file.textColumn);
    for await (const row of readRows(file.path, { field: 'corpus.path' })) {
      if (!('values' in row)) continue;
      const rendered = template.render(row.values);
      if (!('text' in rendered)) continue;
      const key = textKey(rendered.text).slice(0, 24);
      if (seen.has(key)) continue;
      seen.add(key);
      bytes += Buffer.byteLength(rendered.text);
    }
  }
  const wanted = input.corpus.sample === null ? seen.size : Math.min(seen.size, input.corpus.sample.size);
  const votes = task.votes.plan.reduce((sum, planned) => sum + planned.samples, 0);
  const unlimited = wanted * votes;
  const calls = task.budget.calls === null ? unlimited : Math.min(unlimited, task.budget.calls);
  return { calls, host: teacherHost(task.teacher), worstUsd: price && cappedUsd(worstUsd()) };

  function worstUsd(): number {
    if (price === null || seen.size === 0) return 0;
    const average = 'x'.repeat(Math.ceil(bytes / seen.size));
    const perText = task.votes.plan.reduce(
      (sum, { maxTokens, prompt, samples }) =>
        sum + samples * worstCallMicros(price, buildPrompt(task, prompt, average).messages, maxTokens),
      0,
    );
    return (wanted * perText) / 1e6;
  }

  function cappedUsd(usd: number): number {
    return task.budget.usd === null ? usd : Math.min(usd, task.budget.usd);
  }
}
