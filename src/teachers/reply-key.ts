/** The key under which a reply is paid for once and found again by every later run. */
import { createHash } from 'node:crypto';
import type { ChatMessage } from './teacher.js';

export interface ReplyIdentity {
  readonly messages: readonly ChatMessage[];
  readonly model: string | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly maxTokens: number;
  readonly seed: number | null;
  readonly sample: number;
  /** Fields that the task adds to the request: they may change the answer. */
  readonly extraBody: Readonly<Record<string, unknown>>;
}

/** SHA-256, hex, of the rendered prompt, model, sampling parameters and sample index. The host is left out: the same model
 *  elsewhere would be asked the same question. */
export function replyKey(identity: ReplyIdentity): string {
  const { extraBody, maxTokens, messages, model, sample, seed, temperature, topP } = identity;
  const turns = messages.map(({ role, content }) => [role, content]);
  const extra = Object.keys(extraBody).length === 0 ? {} : { extraBody };
  const canonical = JSON.stringify({ ...extra, maxTokens, messages: turns, model, sample, seed, temperature, topP });
  return createHash('sha256').update(canonical).digest('hex');
}
