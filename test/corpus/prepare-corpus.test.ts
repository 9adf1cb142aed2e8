import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CorpusInput, GoldInput, type Manifest, Task, type TextRow } from '../../src/contracts/index.js';
import { CorpusError, type KnownChunk, openRowWriter, prepareCorpus, textKey } from '../../src/corpus/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { collect, folder, jsonl, tempFile } from './temp-files.js';

const RUN = 'runs/sentiment/1';

function task(over: Record<string, unknown> = {}): Task {
  const labels = [
    { name: 'good', aliases: ['2'] },
    { name: 'bad', aliases: ['0'] },
  ];
  return Task.parse({ name: 'sentiment', kind: 'text-classification', labels, ...over });
}

interface Case {
  rows: readonly Record<string, unknown>[];
  corpus?: Record<string, unknown>;
  gold?: readonly Record<string, unknown>[];
  task?: Task;
  knownChunks?: KnownChunk[];
  readonly storeIsScratch?: boolean;
}

async function prepare({ rows, corpus, gold, task: given, knownChunks = [], storeIsScratch = false }: Case) {
  const tempFolder = mkdtempSync(join(folder, 'temp-'));
  const store = await openFileStore(mkdtempSync(join(folder, 'store-')));
  const path = tempFile('.jsonl', jsonl(rows));
  const result = prepareCorpus({
    task: given ?? task(),
    corpus: CorpusInput.parse({ path, ...corpus }),
    gold: gold === undefined ? null : GoldInput.parse({ path: tempFile('.jsonl', jsonl(gold)) }),
    store,
    storeIsScratch,
    runFolder: RUN,
    env: {},
    knownChunks,
    tempFolder,
  });
  const settled = await result.catch((error: unknown) => error);
  expect(readdirSync(tempFolder)).toEqual([]);
  return { store, settled };
}

async function prepared(given: Case) {
  const { store, settled } = await prepare(given);
  if (settled instanceof Error) throw settled;
  const { manifest } = settled as { manifest: Manifest };
  const texts = async (set: 'corpus' | 'gold') => {
    const files = manifest.chunks.filter((chunk) => chunk.set === set).map((chunk) => chunk.file);
    return (await Promise.all(files.map((file) => lines<TextRow>(store, file.path)))).flat();
  };
  return { store, manifest, corpus: await texts('corpus'), gold: await texts('gold') };
}

async function lines<T>(store: Store, path: string): Promise<T[]> {
  return (await collect(store.lines(path))).map((line) => JSON.parse(line) as T);
}

async function refusal(given: Case): Promise<CorpusError> {
  const { settled } = await prepare(given);
  expect(settled).toBeInstanceOf(CorpusError);
  return settled as CorpusError;
}

const sorted = (texts: readonly string[]) => [...texts].sort();
const textsOf = (rows: readonly TextRow[]) => sorted(rows.map((row) => row.text));
const numbered = (count: number, prefix = 'text') =>
  Array.from({ length: count }, (_, i) => ({ text: `${prefix} ${i}` }));

describe('preparing a corpus', () => {
  it('writes each different text once, with its first row and the rows that carry it, in the order of keys', async () => {
    const rows = [
      { id: 'a', text: 'twice' },
      { id: 'b', text: 'once' },
      { id: 'c', text: 'twice' },
    ];
    const { store, manifest, corpus } = await prepared({ rows });
    // printf once | sha256sum; printf twice | sha256sum
    const once = {
      key: '200651a8b2d5912f692db89468a7d47d86a3ed6844f48f1b15f2be1d9c9a7e5e',
      id: 'b',
      text: 'once',
      asked: null,
      line: 2,
      copies: 1,
      gold: null,
      gateGold: false,
    };
    const twice = {
      key: 'dc8ffdbf2736dbdf39508017ac594e0d069f3eee9b0f29ece256aa7d831f9ef6',
      id: 'a',
      text: 'twice',
      asked: null,
      line: 1,
      copies: 2,
      gold: null,
      gateGold: false,
    };
    expect(corpus).toEqual([once, twice].sort((a, b) => (a.key < b.key ? -1 : 1)));
    expect(await lines(store, manifest.rows.path)).toEqual([
      { line: 1, id: 'a', key: twice.key },
      { line: 2, id: 'b', key: once.key },
      { line: 3, id: 'c', key: twice.key },
    ]);
    expect(manifest.counts).toEqual({
      rows: 3,
      texts: 2,
      duplicates: 1,
      refused: 0,
      rest: 0,
      goldRows: 0,
      goldInCorpus: 0,
      goldConflicts: 0,
      redacted: 0,
    });
    expect(manifest).toMatchObject({ refused: null, rest: null, redactions: null });
    const saved = JSON.parse(Buffer.from(await store.read(`${RUN}/prepare/manifest.json`)).toString());
    expect(saved).toEqual(manifest);
  });

  it('keeps what the teacher must not see beside the text, and what stands for it in a file of its own', async () => {
    const redact = [{ pattern: '\\S+@\\S+', as: 'EMAIL' }];
    const rows = [{ text: 'write to ann@x.org' }, { text: 'nothing to hide' }];
    const { corpus, manifest, store } = await prepared({ rows, task: task({ redact }) });
    const hidden = corpus.find(({ text }) => text === 'write to ann@x.org');
    expect(hidden).toMatchObject({ key: textKey('write to ann@x.org'), asked: 'write to [EMAIL_1]' });
    expect(corpus.find(({ text }) => text === 'nothing to hide')?.asked).toBeNull();
    expect(manifest.counts.redacted).toBe(1);
    expect(await lines(store, manifest.redactions?.path ?? '')).toEqual([
      { key: hidden?.key, spans: [{ placeholder: '[EMAIL_1]', value: 'ann@x.org' }] },
    ]);
  });

  it('renders the template for the key, and names texts without an id by their key', async () => {
    const rows = [
      { brand: 'Acme', body: 'It broke.' },
      { brand: 'Bolt', body: 'It broke.' },
    ];
    const { corpus } = await prepared({
      rows,
      task: task({ text: '{brand}: {text}' }),
      corpus: { textColumn: 'body' },
    });
    expect(textsOf(corpus)).toEqual(['Acme: It broke.', 'Bolt: It broke.']);
    for (const { key, id, text } of corpus) {
      expect(key).toBe(createHash('sha256').update(text).digest('hex'));
      expect(id).toBe(key.slice(0, 16));
    }
  });

  it('cuts chunks at chunkTexts, each with its keys, characters and a digest of its file', async () => {
    const { store, manifest, corpus } = await prepared({
      rows: numbered(5),
      task: task({ annotation: { chunkTexts: 2 } }),
    });
    expect(manifest.chunks.map(({ name, texts }) => [name, texts])).toEqual([
      ['corpus-00000', 2],
      ['corpus-00001', 2],
      ['corpus-00002', 1],
    ]);
    for (const [index, chunk] of manifest.chunks.entries()) {
      const rows = corpus.slice(index * 2, index * 2 + 2);
      expect(chunk.file.path).toBe(`${RUN}/prepare/chunks/${chunk.name}.jsonl`);
      expect(chunk.characters).toBe(rows.length * 'text 0'.length);
      expect([chunk.firstKey, chunk.lastKey]).toEqual([rows[0]!.key, rows.at(-1)!.key]);
      await store.readRef(chunk.file);
    }
    expect(corpus.map((row) => row.key)).toEqual(sorted(corpus.map((row) => row.key)));
  });

  it('gives a shuffled file the same chunks and the same hash, and another corpus another', async () => {
    const rows = numbered(50);
    const shuffled = [...rows].sort((a, b) => (textKey(`x${a.text}`) < textKey(`x${b.text}`) ? -1 : 1));
    const first = await prepared({ rows });
    const second = await prepared({ rows: shuffled });
    expect(second.manifest.corpusHash).toBe(first.manifest.corpusHash);
    expect(second.corpus.map((row) => row.key)).toEqual(first.corpus.map((row) => row.key));
    expect(second.corpus.map((row) => row.line)).not.toEqual(first.corpus.map((row) => row.line));
    expect((await prepared({ rows: numbered(51) })).manifest.corpusHash).not.toBe(first.manifest.corpusHash);
  });

  it('names the known chunks whose keys overlap a chunk', async () => {
    const { manifest } = await prepared({ rows: numbered(4), task: task({ annotation: { chunkTexts: 2 } }) });
    const [first, second] = manifest.chunks;
    const known = (name: string, firstKey: string, lastKey: string) => ({ folder: name, firstKey, lastKey });
    const again = await prepared({
      rows: numbered(4),
      task: task({ annotation: { chunkTexts: 2 } }),
      knownChunks: [
        known('behind', `${second!.lastKey}0`, 'g'),
        known('touching', second!.lastKey, 'g'),
        known('both', '0', 'g'),
        known('first', first!.firstKey, first!.firstKey),
        known('before', '', '/'),
      ],
    });
    expect(again.manifest.chunks.map((chunk) => sorted(chunk.reuse))).toEqual([
      ['both', 'first'],
      ['both', 'touching'],
    ]);
  });

  it('reports its progress and stops where it is cancelled, leaving no temporary file', async () => {
    const tempFolder = mkdtempSync(join(folder, 'temp-'));
    const stop = new AbortController();
    const phases: string[] = [];
    const preparing = prepareCorpus({
      task: task(),
      corpus: CorpusInput.parse({ path: tempFile('.jsonl', jsonl(numbered(10))) }),
      gold: null,
      store: await openFileStore(mkdtempSync(join(folder, 'store-'))),
      runFolder: RUN,
      env: {},
      knownChunks: [],
      tempFolder,
      signal: stop.signal,
      onProgress: ({ phase }) => {
        phases.push(phase);
        if (phase === 'sort') stop.abort(new Error('cancelled'));
      },
    });
    await expect(preparing).rejects.toThrow('cancelled');
    expect(new Set(phases)).toEqual(new Set(['read', 'sort']));
    expect(readdirSync(tempFolder)).toEqual([]);
  });
});

describe('rows that can not be used', () => {
  const bad = [
    { id: '1', text: 'fine' },
    { id: '2', text: '  ' },
    { id: '3', text: 7 },
    { id: '1', text: 'another text, the same id' },
    { id: '4', text: 'x'.repeat(31) },
    { id: '1', text: 'fine' },
    { id: { of: 5 }, text: 'no id' },
  ];

  it('are left out and listed with badRows: skip', async () => {
    const { store, manifest, corpus } = await prepared({ rows: bad, corpus: { badRows: 'skip', maxTextLength: 30 } });
    expect(textsOf(corpus)).toEqual(['fine']);
    expect(manifest.counts).toMatchObject({ rows: 7, texts: 1, duplicates: 1, refused: 5 });
    const { address } = manifest.files[0]!;
    const place = { file: 'corpus', part: 0, path: basename(address) };
    expect(await lines(store, manifest.refused!.path)).toEqual([
      { ...place, line: 2, id: '2', problem: 'its text is empty' },
      { ...place, line: 3, id: '3', problem: 'its column "text" holds a number, not a string' },
      {
        ...place,
        line: 5,
        id: '4',
        problem: 'its text has 31 code units, more than corpus.maxTextLength 30',
      },
      { ...place, line: 7, id: null, problem: 'its id is neither a string nor a number' },
      { ...place, line: 4, id: '1', problem: 'its id also stands at line 1, with a different text' },
    ]);
    expect((await lines<{ line: number }>(store, manifest.rows.path)).map((row) => row.line)).toEqual([1, 6]);
  });

  it('are not said to be listed where the store is gone when anybody reads so', async () => {
    const { settled } = await prepare({ rows: bad, corpus: { maxTextLength: 30 }, storeIsScratch: true });
    expect((settled as CorpusError).message).toMatch(
      /^corpus .*5 of 7 rows can't be used \(line 2: [^)]*\)\. Mend them/,
    );
  });

  it('end the preparation by default, with their number, the first three and the mend', async () => {
    const { store, settled } = await prepare({ rows: bad, corpus: { maxTextLength: 30 } });
    const { message } = settled as CorpusError;
    expect(message).toMatch(/^corpus .*5 of 7 rows can't be used \(line 2: .*; line 3: .*; line 4: its id also/);
    expect(message).not.toMatch(/line 5/);
    expect(message).toMatch(/corpus\.badRows: "skip"/);
    expect(await lines(store, `${RUN}/prepare/refused.jsonl`)).toHaveLength(5);
  });

  it('are gold rows without a label, too', async () => {
    const gold = [{ text: 'g1', label: 'good' }, { text: 'g2' }];
    expect((await refusal({ rows: numbered(1), gold })).message).toMatch(
      /^gold .*1 of 2 rows.*line 2: it has no label/,
    );
  });

  it('are JSONL rows that lack a column which the first row has', async () => {
    const { message } = await refusal({ rows: [{ text: 'a' }, { body: 'b' }] });
    expect(message).toMatch(/line 2: its column "text" is missing/);
  });
});

describe('labels of the corpus without a gold file', () => {
  it('make their rows gold rows, by name, alias or number; empty ones do not', async () => {
    const rows = [
      { text: 'a', label: 'Good' },
      { text: 'b', label: 0 },
      { text: 'c', label: '' },
      { text: 'd', label: null },
    ];
    const { manifest, corpus, gold } = await prepared({ rows });
    expect(textsOf(corpus)).toEqual(['c', 'd']);
    expect(gold.map(({ text, gold: label }) => `${text} ${label}`).sort()).toEqual(['a good', 'b bad']);
    expect(manifest.counts).toMatchObject({ rows: 4, texts: 2, goldRows: 2, goldInCorpus: 0, goldConflicts: 0 });
    expect(manifest.chunks.map((chunk) => chunk.name)).toEqual(['corpus-00000', 'gold-00000']);
  });

  it('are left out with labelColumn: null, or read from another column', async () => {
    const rows = [{ text: 'a', label: 'good', expert: 'bad' }, { text: 'b' }];
    const ignored = await prepared({ rows, corpus: { labelColumn: null } });
    expect(ignored.corpus.map((row) => row.gold)).toEqual([null, null]);
    const other = await prepared({ rows, corpus: { labelColumn: 'expert' } });
    expect(other.gold.map((row) => row.gold)).toEqual(['bad']);
  });

  it('count for a text that also stands without one: it stays in the corpus, and is not trained on', async () => {
    const { manifest, corpus, gold } = await prepared({
      rows: [{ text: 'a', label: 'good' }, { text: 'a' }, { text: 'b' }],
    });
    expect(corpus.map(({ text, gold: label, copies }) => [text, label, copies]).sort()).toEqual([
      ['a', 'good', 2],
      ['b', null, 1],
    ]);
    expect(gold).toEqual([]);
    expect(manifest.counts).toMatchObject({ texts: 2, goldRows: 1, goldInCorpus: 1, duplicates: 1 });
  });

  it('that contradict each other take their text out of every chunk', async () => {
    const rows = [{ text: 'a', label: 'good' }, { text: 'a', label: 'bad' }, { text: 'a' }, { text: 'b' }];
    const { manifest, corpus, gold } = await prepared({ rows });
    expect([...textsOf(corpus), ...textsOf(gold)]).toEqual(['b']);
    expect(manifest.counts).toMatchObject({ texts: 1, goldRows: 0, goldConflicts: 1, duplicates: 2 });
  });

  it('that the task does not know end the preparation', async () => {
    const { message, field } = await refusal({ rows: [{ text: 'a' }, { text: 'b', label: 'Gut' }] });
    expect(field).toBe('corpus.labelColumn');
    expect(message).toMatch(/line 2 has the label "Gut" .* none of good, bad\. .*aliases.*corpus\.labelColumn to null/);
  });

  it('in every row leave nothing to train on', async () => {
    const { message } = await refusal({ rows: [{ text: 'a', label: 'good' }] });
    expect(message).toMatch(/nothing is left to train on.*corpus\.labelColumn to null.*gold file/);
  });
});

describe('a gold file', () => {
  const gold = [
    { text: 'in both', label: 'good' },
    { text: 'gold only', label: 'bad' },
    { text: 'gold only', label: '0' },
  ];

  it('adds its texts, and its labels to texts of the corpus, whose own label column is left out', async () => {
    const rows = [{ id: 'c', text: 'in both', label: 'nonsense' }, { text: 'corpus only' }];
    const prep = await prepared({ rows, gold });
    expect(prep.corpus.map(({ text, gold: label }) => [text, label]).sort()).toEqual([
      ['corpus only', null],
      ['in both', 'good'],
    ]);
    expect(prep.corpus.find((row) => row.text === 'in both')?.id).toBe('c');
    expect(prep.gold).toMatchObject([{ text: 'gold only', gold: 'bad', copies: 2, line: 2 }]);
    expect(prep.manifest.counts).toMatchObject({ rows: 2, texts: 2, goldRows: 2, goldInCorpus: 1, duplicates: 0 });
    expect(await lines(prep.store, prep.manifest.rows.path)).toHaveLength(2);
  });

  it('changes the hash where it changes a label', async () => {
    const hashWith = async (label: string) =>
      (await prepared({ rows: numbered(1), gold: [{ text: 'g', label }] })).manifest.corpusHash;
    expect(await hashWith('good')).not.toBe(await hashWith('bad'));
  });

  it('must know the labels, have the column and leave texts to train on', async () => {
    const unknown = await refusal({ rows: numbered(1), gold: [{ text: 'g', label: 'neutral' }] });
    expect(unknown.message).toMatch(/^gold\.labelColumn.*line 1 has the label "neutral"/);
    const typo = await refusal({ rows: numbered(1), gold: [{ text: 'g', label: 'goood' }] });
    expect(typo.message).toMatch(/none of good, bad \(did you mean good\?\)\. Correct it, or add the spelling/);
    expect((await refusal({ rows: numbered(1), gold: [{ text: 'g', mark: 'good' }] })).message).toMatch(
      /^gold\.labelColumn.*no column "label"; the columns are: text, mark/,
    );
    expect((await refusal({ rows: [{ text: 'in both' }], gold })).message).toMatch(
      /every text of the corpus is a gold/,
    );
  });

  it('gives the labels gate its share of the gold texts, the same in any order of the file', async () => {
    const labelled = numbered(10, 'gold').map((row) => ({ ...row, label: 'good' }));
    const half = task({ evaluation: { goldShareForGate: 0.25 } });
    const first = await prepared({ rows: [...numbered(3), { text: 'gold 0' }], gold: labelled, task: half });
    // 2.5 of ten rounds to 3.
    const gate = (prep: { corpus: TextRow[]; gold: TextRow[] }) =>
      textsOf([...prep.corpus, ...prep.gold].filter((row) => row.gateGold));
    expect(gate(first)).toHaveLength(3);
    const turned = { rows: [{ text: 'gold 0' }, ...numbered(3)], gold: [...labelled].reverse() };
    expect(gate(await prepared({ ...turned, task: half }))).toEqual(gate(first));
    const other = await prepared({ ...turned, task: task({ evaluation: { goldShareForGate: 0.25 }, seed: 7 }) });
    expect(gate(other)).toHaveLength(3);
    expect(gate(other)).not.toEqual(gate(first));
  });
});

describe('a sample', () => {
  it('labels so many texts, the same in any order of the file, and leaves the rest to the student', async () => {
    const rows = [...numbered(20), ...numbered(20)];
    const { store, manifest, corpus } = await prepared({ rows, corpus: { sample: { size: 6 } } });
    expect(manifest.counts).toMatchObject({ rows: 40, texts: 6, rest: 14, duplicates: 20 });
    const rest = await lines<TextRow>(store, manifest.rest!.path);
    expect(sorted([...textsOf(corpus), ...textsOf(rest)])).toEqual(sorted(numbered(20).map((row) => row.text)));
    const turned = await prepared({ rows: [...rows].reverse(), corpus: { sample: { size: 6 } } });
    expect(textsOf(turned.corpus)).toEqual(textsOf(corpus));
    const other = await prepared({ rows, corpus: { sample: { size: 6 } }, task: task({ seed: 7 }) });
    expect(textsOf(other.corpus)).not.toEqual(textsOf(corpus));
  });

  it('holds the smaller one of the same seed', async () => {
    const small = await prepared({ rows: numbered(20), corpus: { sample: { size: 3 } } });
    const large = await prepared({ rows: numbered(20), corpus: { sample: { size: 8 } } });
    expect(textsOf(large.corpus)).toEqual(expect.arrayContaining(textsOf(small.corpus)));
  });

  it('never drops gold texts, which do not count towards its size', async () => {
    const gold = [
      { text: 'text 0', label: 'good' },
      { text: 'gold', label: 'bad' },
    ];
    const prep = await prepared({ rows: numbered(10), gold, corpus: { sample: { size: 2 } } });
    expect(prep.corpus).toHaveLength(3);
    expect(prep.corpus.filter((row) => row.gold !== null).map((row) => row.text)).toEqual(['text 0']);
    expect(textsOf(prep.gold)).toEqual(['gold']);
    expect(prep.manifest.counts).toMatchObject({ texts: 3, rest: 7, goldRows: 2, goldInCorpus: 1 });
  });

  it('takes all where there are no more', async () => {
    const { manifest } = await prepared({ rows: numbered(4), corpus: { sample: { size: 4 } } });
    expect(manifest).toMatchObject({ counts: { texts: 4, rest: 0 }, rest: null });
  });

  it('keeps the shares of a column, with at least one text of each value', async () => {
    // 7 + 2 + 1 of 10: worked out in sample.test.ts.
    const strata = { en: 70, de: 25, fr: 5 };
    const rows = Object.entries(strata).flatMap(([lang, count]) =>
      numbered(count, lang).map((row) => ({ ...row, lang })),
    );
    const sample = { size: 10, stratifyBy: 'lang' };
    const { corpus } = await prepared({ rows, corpus: { sample } });
    const share = (lang: string) => corpus.filter((row) => row.text.startsWith(lang)).length;
    expect([share('en'), share('de'), share('fr')]).toEqual([7, 2, 1]);
    expect((await refusal({ rows, corpus: { sample: { size: 10, stratifyBy: 'language' } } })).message).toMatch(
      /corpus\.sample\.stratifyBy.*no column "language"; the columns are: text, lang/,
    );
  });

  it('gives a tie to the first value by name', async () => {
    // 3 of 3 + 3: 1.5 each.
    const rows = ['fr', 'en'].flatMap((lang) => numbered(3, lang).map((row) => ({ ...row, lang })));
    const { corpus } = await prepared({ rows, corpus: { sample: { size: 3, stratifyBy: 'lang' } } });
    expect(corpus.filter((row) => row.text.startsWith('en'))).toHaveLength(2);
  });

  it('takes rows without a value for one stratum', async () => {
    // 3 of 2 + 4: 1 and 2. Were null and empty two strata, each would get its one text.
    const none = [
      { text: 'none 1', lang: '' },
      { text: 'none 2', lang: null },
    ];
    const rows = [...none, ...numbered(4, 'en').map((row) => ({ ...row, lang: 'en' }))];
    const { corpus } = await prepared({ rows, corpus: { sample: { size: 3, stratifyBy: 'lang' } } });
    expect(corpus.filter((row) => row.text.startsWith('none'))).toHaveLength(1);
  });

  it('counts a text whose rows have different values for the first of them by name, whatever the order', async () => {
    // Only "in two" is of de, so it is drawn for de; among the eight texts of en it would have to be lucky.
    const rows = [
      { text: 'in two', lang: 'de' },
      { text: 'in two', lang: 'en' },
      ...numbered(8, 'en').map((row) => ({ ...row, lang: 'en' })),
    ];
    for (const order of [rows, [...rows].reverse()]) {
      const { corpus } = await prepared({ rows: order, corpus: { sample: { size: 2, stratifyBy: 'lang' } } });
      expect(corpus.filter((row) => row.text === 'in two')).toHaveLength(1);
    }
  });

  it('refuses a column with a value for each text', async () => {
    const rows = numbered(1001).map((row) => ({ ...row, lang: row.text }));
    const { message } = await refusal({ rows, corpus: { sample: { size: 10, stratifyBy: 'lang' } } });
    expect(message).toMatch(/"lang" has more than 1000 different values/);
  });
});

describe('an input that can not be prepared', () => {
  it('has no such column: the message names those that there are', async () => {
    const { message, field } = await refusal({ rows: [{ body: 'a', label: 'good' }] });
    expect(field).toBe('corpus.textColumn');
    expect(message).toMatch(/no column "text"; the columns are: body, label/);
    const template = await refusal({ rows: [{ text: 'a' }], task: task({ text: '{brand}: {text}' }) });
    expect(template.message).toMatch(/^task\.text .*no column "brand"; the columns are: text/);
  });

  it('lacks a column that somebody named, or would not read it; the usual ones may be missing', async () => {
    const rows = [
      { text: 'a', nr: 1 },
      { text: 'b', nr: 2 },
    ];
    expect((await refusal({ rows, corpus: { idColumn: 'key' } })).message).toMatch(
      /^corpus\.idColumn .*no column "key"; the columns are: text, nr/,
    );
    expect((await refusal({ rows, corpus: { labelColumn: 'marks' } })).message).toMatch(
      /^corpus\.labelColumn .*no row has a label in a column "marks"/,
    );
    const unused = { rows, task: task({ text: '{nr}' }) };
    expect((await prepared({ ...unused, corpus: { textColumn: 'text' } })).manifest.counts.texts).toBe(2);
    expect((await refusal({ ...unused, corpus: { textColumn: 'body' } })).message).toMatch(
      /^corpus\.textColumn .*"body" is named .*does not read it: "\{nr\}"\. Name one of nr, or leave it out/,
    );
  });

  it('has no usable row', async () => {
    expect((await refusal({ rows: [{ text: '' }], corpus: { badRows: 'skip' } })).message).toMatch(/nothing to label/);
  });
});

it('prepares CSV, TSV and Parquet as it does JSONL', async () => {
  const rows = [
    { id: '1', text: 'a "quoted",\ntext', label: '' },
    { id: '2', text: 'ünïcode \0 text', label: 'good' },
    { id: '3', text: '\tb', label: '' },
  ];
  const fromJsonl = await prepared({ rows });
  for (const extension of ['.csv', '.tsv', '.parquet']) {
    const path = join(folder, `formats${extension}`);
    const writer = await openRowWriter(path, ['id', 'text', 'label']);
    for (const row of rows) await writer.write(row);
    await writer.finish();
    const { manifest, corpus } = await prepared({ rows: [], corpus: { path } });
    expect(manifest.corpusHash).toBe(fromJsonl.manifest.corpusHash);
    expect(corpus.map(({ id, text }) => [id, text])).toEqual(fromJsonl.corpus.map(({ id, text }) => [id, text]));
  }
});
