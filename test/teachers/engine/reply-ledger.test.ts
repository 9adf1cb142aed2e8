import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredReply } from '../../../src/contracts/index.js';
import { ReplyJournal } from '../../../src/teachers/reply-journal.js';
import { readLedger } from '../../../src/teachers/reply-ledger.js';
import { ChunkFixture } from './chunk-fixture.js';

let chunk: ChunkFixture;
let folder: string;
beforeEach(async () => {
  chunk = await ChunkFixture.make(1);
  folder = chunk.folder;
});
afterEach(() => chunk.dispose());

function reply(key: string, costMicros: number | null, content = 'x'): StoredReply {
  return {
    key,
    textKey: 'text',
    prompt: 'reasoned',
    sample: 0,
    content,
    finishReason: 'stop',
    inputTokens: 1,
    outputTokens: 1,
    latencyMs: 1.5,
    costMicros,
    vote: { label: 'positive', reason: null, unreadable: null },
  };
}

/** A call of it is 500 tokens at worst. */
function question(key: string, micros: number | null) {
  return { key, teacher: 'teacher', worst: { calls: 1, tokens: 500, micros } };
}

function cost(micros: number) {
  return { calls: 1, tokens: 2, micros };
}

describe('The ledger of a chunk', () => {
  it('adds up replies, errors, calls without an outcome, and calls that were not sent', async () => {
    const journal = await ReplyJournal.open(chunk.store, folder, 1);
    const calls: number[] = [];
    for (const key of ['a', 'b', 'c', 'd']) calls.push(await journal.openCall(question(key, 100)));
    expect(calls).toEqual([1, 2, 3, 4]);
    await journal.closeWithReply(1, reply('a', 30), cost(30));
    await journal.closeWithError(2, 'error');
    await journal.closeUnsent(3);
    await journal.recordWithoutCall(reply('e', 0));
    await journal.close();
    const ledger = await readLedger(chunk.store, folder);
    expect(ledger).toEqual({
      openParts: new Map(),
      errors: 1,
      busy: 0,
      uncertain: 1,
      // 30 for the reply, 100 for the one that may have been billed.
      spent: { calls: 3, tokens: 502, micros: 130 },
      spentOn: new Map([['teacher', { calls: 3, tokens: 502, micros: 130 }]]),
      replies: new Map([
        ['a', reply('a', 30)],
        ['e', reply('e', 0)],
      ]),
      failures: new Map([
        ['b', 1],
        ['d', 1],
      ]),
      endedOwners: 1,
    });
  });

  it('reads the journals of all owners; of two replies to a question the first owner has the word, both cost', async () => {
    for (const [owner, content] of [
      [2, 'second'],
      [1, 'first'],
    ] as const) {
      const journal = await ReplyJournal.open(chunk.store, folder, owner);
      await journal.closeWithReply(await journal.openCall(question('a', 100)), reply('a', 40, content), cost(40));
      await journal.close();
    }
    const ledger = await readLedger(chunk.store, folder);
    expect(ledger).toMatchObject({ spent: { calls: 2, tokens: 4, micros: 80 }, uncertain: 0, endedOwners: 2 });
    expect(ledger.replies.get('a')?.content).toBe('first');
  });

  it('of a chunk that nobody has touched is empty', async () => {
    expect(await readLedger(chunk.store, 'replies/none')).toMatchObject({
      spent: { calls: 0, tokens: 0, micros: 0 },
      endedOwners: 0,
    });
  });

  it('has unknown spending as soon as one call has', async () => {
    const journal = await ReplyJournal.open(chunk.store, folder, 1);
    await journal.closeWithReply(await journal.openCall(question('a', 100)), reply('a', 40), cost(40));
    await journal.openCall(question('b', null));
    await journal.close();
    expect(await readLedger(chunk.store, folder)).toMatchObject({ spent: { micros: null }, uncertain: 1 });
  });

  it('skips a last line that was torn at any byte: the reply is lost, its call stays uncertain', async () => {
    const journal = await ReplyJournal.open(chunk.store, folder, 1);
    await journal.closeWithReply(await journal.openCall(question('a', 100)), reply('a', 40), cost(40));
    const call = await journal.openCall(question('b', 100));
    const path = join(chunk.root, folder, 'journal-000001.jsonl');
    const before = readFileSync(path).length;
    await journal.closeWithReply(call, reply('b', 40, 'größer'), cost(40));
    const whole = readFileSync(path);
    for (let length = before; length < whole.length - 1; length++) {
      writeFileSync(path, whole.subarray(0, length));
      expect(await readLedger(chunk.store, folder)).toMatchObject({
        uncertain: 1,
        spent: { calls: 2, tokens: 502, micros: 140 },
      });
    }
    // Only the end of the line is missing: the record is whole.
    writeFileSync(path, whole.subarray(0, -1));
    expect(await readLedger(chunk.store, folder)).toMatchObject({
      uncertain: 0,
      spent: { calls: 2, tokens: 4, micros: 80 },
    });
    await journal.close();
  });

  it('refuses a line inside that can not be read, since it may have been a paid call', async () => {
    const journal = await ReplyJournal.open(chunk.store, folder, 1);
    await journal.openCall(question('a', 100));
    appendFileSync(join(chunk.root, folder, 'journal-000001.jsonl'), '{"type":"open","call":2,"ke\n');
    await journal.openCall(question('c', 100));
    await expect(readLedger(chunk.store, folder)).rejects.toMatchObject({
      name: 'DamagedArtifactError',
      path: `${folder}/journal-000001.jsonl`,
    });
    await journal.close();
  });

  it('refuses a close without its open', async () => {
    const journal = await ReplyJournal.open(chunk.store, folder, 1);
    await journal.closeWithReply(7, reply('a', 40), cost(40));
    await journal.close();
    await expect(readLedger(chunk.store, folder)).rejects.toThrow('is not the one that was written');
  });
});
