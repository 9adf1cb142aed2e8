/** The most that a call of a run can come to. */
import { type Manifest, type Spending, type Task, TextRow } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import {
  askedText,
  type ByName,
  buildPrompt,
  bytesInPrompt,
  type QuestionTeacher,
  worstCall,
} from '../teachers/index.js';

export async function dearestCall(
  store: Store,
  task: Task,
  manifest: Pick<Manifest, 'chunks'>,
  teachers: ByName<Pick<QuestionTeacher, 'price'>>,
): Promise<Spending> {
  const prices = [...teachers.values()].map(({ price }) => price);
  let dearest: Spending = { calls: 1, tokens: 0, micros: prices.includes(null) ? null : 0 };
  for (const chunk of manifest.chunks) {
    let [longest, mostBytes] = ['', 0];
    for await (const line of store.lines(chunk.file.path)) {
      const text = askedText(TextRow.parse(JSON.parse(line)));
      const bytes = bytesInPrompt(text);
      if (bytes > mostBytes) [longest, mostBytes] = [text, bytes];
    }
    for (const planned of task.votes.plan) {
      const price = teachers.get(planned.teacher)?.price ?? null;
      const worst = worstCall(price, buildPrompt(task, planned, longest).messages, planned.maxTokens);
      const micros = dearest.micros === null ? null : Math.max(dearest.micros, worst.micros ?? 0);
      dearest = { calls: 1, tokens: Math.max(dearest.tokens, worst.tokens), micros };
    }
  }
  return dearest;
}
