/** What is known of a chunk's batches, in the store. A part is the questions that go out in one batch. Each step of its life is
 *  a file that is written once, before the next step begins, so that whoever comes later knows which step may have happened:
 *  sending-1 (the batch is about to be created; 2 and on: again), sent (it was), done (its answers are in the journals). */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Store } from '../store/index.js';

const Sending = z.object({
  inputFile: z.string().nullable().describe('null: given up before it was sent.'),
  teacher: z.string().nullable().describe('As votes.plan calls it; null likewise.'),
  sentAt: z.number().describe('Milliseconds since the epoch.'),
});
const Sent = z.object({ batch: z.string(), sentAt: z.number() });

export interface Part {
  readonly name: string;
  /** As votes.plan calls it; null: it was never sent to any. */
  readonly teacher: string | null;
  /** The last time that its batch was about to be created; null: it never was. */
  readonly sending: { readonly attempt: number; readonly inputFile: string; readonly sentAt: number } | null;
  /** null: not known, or there is none. */
  readonly batch: { readonly id: string; readonly sentAt: number } | null;
}

/** Unique in all runs, because a claim is. */
export function partName(folder: string, claim: number, index: number): string {
  return createHash('sha256').update(`${folder} ${claim} ${index}`).digest('hex').slice(0, 32);
}

/** Parts whose batches may still have to be looked after. */
export async function unfinishedParts(store: Store, folder: string): Promise<Part[]> {
  const steps = new Map<string, string[]>();
  for (const name of await store.names(`${folder}/batches`)) {
    const [part = '', step = ''] = name.replace(/\.json$/, '').split('.');
    steps.set(part, [...(steps.get(part) ?? []), step]);
  }
  const parts: Part[] = [];
  for (const [name, taken] of steps) {
    if (taken.includes('done')) continue;
    const attempt = Math.max(0, ...taken.map((step) => Number(/^sending-(\d+)$/.exec(step)?.[1] ?? 0)));
    const last = attempt === 0 ? null : await read(store, folder, name, `sending-${attempt}`, Sending);
    const sent = taken.includes('sent') ? await read(store, folder, name, 'sent', Sent) : null;
    parts.push({
      name,
      teacher: last?.teacher ?? null,
      sending: last === null || last.inputFile === null ? null : { attempt, ...last, inputFile: last.inputFile },
      batch: sent === null ? null : { id: sent.batch, sentAt: sent.sentAt },
    });
  }
  return parts;
}

/** false: somebody else is about to create it, or has given it up. */
export function recordSending(
  store: Store,
  folder: string,
  part: string,
  attempt: number,
  sending: z.infer<typeof Sending>,
): Promise<boolean> {
  return store.writeOnce(pathOf(folder, part, `sending-${attempt}`), JSON.stringify(sending));
}

/** It will not be created. false: somebody else is about to create it. */
export function recordGivenUp(store: Store, folder: string, part: string, attempt: number): Promise<boolean> {
  return recordSending(store, folder, part, attempt, { inputFile: null, teacher: null, sentAt: Date.now() });
}

export async function recordSent(
  store: Store,
  folder: string,
  part: string,
  sent: z.infer<typeof Sent>,
): Promise<void> {
  await store.writeOnce(pathOf(folder, part, 'sent'), JSON.stringify(sent));
}

export async function recordDone(store: Store, folder: string, part: string, outcome: unknown): Promise<void> {
  await store.writeOnce(pathOf(folder, part, 'done'), JSON.stringify(outcome));
}

async function read<Value>(
  store: Store,
  folder: string,
  part: string,
  step: string,
  schema: z.ZodType<Value>,
): Promise<Value> {
  return schema.parse(JSON.parse(Buffer.from(await store.read(pathOf(folder, part, step))).toString('utf8')));
}

function pathOf(folder: string, part: string, step: string): string {
  return `${folder}/batches/${part}.${step}.json`;
}
