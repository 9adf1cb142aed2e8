import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore } from '../../../src/store/index.js';
import { ReplyJournal } from '../../../src/teachers/reply-journal.js';
import { readLedger } from '../../../src/teachers/reply-ledger.js';
it('speed', async () => {
  const store = await openFileStore(mkdtempSync(join(tmpdir(), 'tt-')));
  const j = await ReplyJournal.open(store, 'c', 1);
  const t0 = Date.now();
  const N = 50000;
  for (let i = 0; i < N; i += 50) await Promise.all(Array.from({length: 50}, async (_, k) => {
    const key = `${i + k}`.padStart(64, '0');
    const call = await j.openCall(key, 300);
    await j.closeWithReply(call, { content: JSON.stringify({reason: 'x'.repeat(200), label: 'positive'}), finishReason: 'stop', inputTokens: 300, outputTokens: 60, latencyMs: 12.5, key, textKey: key, prompt: 'reasoned', sample: 0, costMicros: 200, vote: {label: 'positive', reason: 'x'.repeat(200), unreadable: null}});
  }));
  await j.close();
  const t1 = Date.now();
  const l = await readLedger(store, 'c');
  const t2 = Date.now();
  const rows: string[] = []; for await (const line of store.lines('c/journal-000001.jsonl')) rows.push(line);
  const t3 = Date.now();
  rows.map((r) => JSON.parse(r));
  const t4 = Date.now();
  console.log(`write ${t1-t0} read ${t2-t1} ms for ${rows.length} records; lines ${t3-t2}, json ${t4-t3}`, l.replies.size);
});
