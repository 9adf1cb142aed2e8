/** A small task, a question about it, and a recording of its replies. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PromptStyle, Task, type TeacherSettings } from '../../src/contracts/index.js';
import { buildPrompt, type TeacherRequest, textKeyOf } from '../../src/teachers/index.js';

export const sentiment = Task.parse({
  name: 'sentiment',
  kind: 'text-classification',
  guideline: 'Judge as an investor would.',
  labels: [
    { name: 'negative', description: 'Bad news.', aliases: ['0', 'neg', 'bearish'] },
    { name: 'neutral', description: 'No direction.', aliases: ['1', 'neu'] },
    { name: 'positive', description: 'Good news.', aliases: ['2', 'pos', 'bullish'] },
  ],
  examples: [{ text: 'Sales of "Ovo" doubled.', label: 'positive', reason: 'Sales grew.' }],
});

export function settingsOf(changes: Partial<TeacherSettings>): TeacherSettings {
  return { ...sentiment.teacher, ...changes };
}

export function question(text: string, changes: Partial<TeacherRequest> = {}): TeacherRequest {
  const prompt: PromptStyle = changes.prompt ?? 'reasoned';
  const sample = changes.sample ?? 0;
  return {
    messages: buildPrompt(sentiment, { prompt, guideline: null }, text).messages,
    text,
    textKey: textKeyOf(text),
    prompt,
    sample,
    temperature: 0.7,
    topP: null,
    maxTokens: 200,
    seed: 42 + sample,
    jsonSchema: null,
    timeoutMs: 10_000,
    ...changes,
  };
}

export const never = (): AbortSignal => new AbortController().signal;

/** What it rejects with; fails where it does not reject. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  const settled = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in settled) return settled.error;
  throw new Error(`resolved with ${JSON.stringify(settled.value)}`);
}

/** Writes a file of recorded replies and returns its path. */
export async function recordingFile(lines: readonly object[]): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'tutelage-replies-')), 'replies.jsonl');
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}
