import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CorpusInput, GoldInput, Task } from '../../src/contracts/index.js';
import { prepareCorpus, showExamples } from '../../src/corpus/index.js';
import { openFileStore } from '../../src/store/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'examples-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function task(changes: Record<string, unknown> = {}): Task {
  const labels = [{ name: 'good', aliases: ['1'] }, { name: 'bad' }];
  return Task.parse({ name: 'tone', kind: 'text-classification', labels, ...changes });
}

const SHOTS =
  'text,label,reason\nfine a,good,It says fine.\nfine b,1,\nfine c,good,\nawful d,bad,\nawful e,BAD,So awful.\n';

async function shown(of: Task, chunks: Parameters<typeof showExamples>[1] = null) {
  return showExamples(of, chunks, {});
}

describe('Worked examples from a file', () => {
  it('are as many of each label as there are, the first of the file, after those of the task', async () => {
    const examples = [{ text: 'so so', label: 'bad', reason: 'Not good.' }];
    const found = await shown(task({ examples, examplesFrom: { path: file('shots.csv', SHOTS), count: 3 } }));
    expect(found.task.examples).toEqual([
      ...examples,
      { text: 'fine a', label: 'good', reason: 'It says fine.' },
      { text: 'fine b', label: 'good', reason: '' },
      { text: 'awful d', label: 'bad', reason: '' },
    ]);
    expect(found).toMatchObject({ shown: 4, inGold: 0, task: { examplesFrom: null } });
    // Five are all there are.
    const all = await shown(task({ examplesFrom: { path: file('shots.csv', SHOTS) } }));
    expect(all.task.examples.map(({ label }) => label)).toEqual(['good', 'good', 'good', 'bad', 'bad']);
  });

  it("are rendered by the task's template, from any format of a corpus and from several files", async () => {
    const first = file('a.jsonl', `${JSON.stringify({ brand: 'Ovo', body: 'fine', label: 'good' })}\n`);
    const second = file('b.tsv', 'brand\tbody\tlabel\nUvu\tawful\tbad\n');
    const found = await shown(task({ text: '{brand}: {body}', examplesFrom: { path: [first, second] } }));
    expect(found.task.examples.map(({ text }) => text)).toEqual(['Ovo: fine', 'Uvu: awful']);
  });

  it('are redacted like the texts', async () => {
    const path = file('shots.csv', 'text,label,reason\nwrite to ann@x.org,good,ann@x.org is polite\n');
    const redact = [{ pattern: '\\S+@\\S+', as: 'EMAIL' }];
    const [example] = (await shown(task({ redact, examplesFrom: { path } }))).task.examples;
    expect(example).toMatchObject({ text: 'write to [EMAIL_1]', reason: '[EMAIL_1] is polite' });
  });

  it('are refused by line where one can not be used, and none is shown', async () => {
    const path = file('shots.csv', 'text,label\nfine,good\n,bad\nodd,middling\nfine,bad\n');
    await expect(shown(task({ examplesFrom: { path } }))).rejects.toThrow(
      /^examplesFrom \(.*shots\.csv\): 3 of 4 rows can't be used: line 3: its text is empty; line 4: its label "middling" is not one of the task's; line 5: its text has another label at line 2\. Give each example a text and one of the labels good, bad\.$/,
    );
    const unlabelled = file('plain.csv', 'text\nfine\n');
    await expect(shown(task({ examplesFrom: { path: unlabelled } }))).rejects.toThrow(
      'there is no column "label"; the columns are: text. Name the labels\' column in examplesFrom.labelColumn.',
    );
    await expect(shown(task({ examplesFrom: { path: join(folder, 'none.csv') } }))).rejects.toThrow(
      'there is no such file',
    );
  });

  it('that are gold texts are left out and counted, whether they stand in the file or in the task', async () => {
    const store = await openFileStore(join(folder, 'store'));
    const examples = [
      { text: 'gold one', label: 'good' },
      { text: 'kept', label: 'bad' },
    ];
    const path = file('shots.csv', 'text,label\ngold two,bad\nfine,good\nin corpus,good\n');
    const given = task({ examples, examplesFrom: { path, count: 1 } });
    const { manifest } = await prepareCorpus({
      task: given,
      corpus: CorpusInput.parse({ path: file('corpus.csv', 'text\nin corpus\nother\n') }),
      gold: GoldInput.parse({ path: file('gold.csv', 'text,label\ngold one,good\ngold two,bad\ngold three,bad\n') }),
      store,
      runFolder: 'runs/a',
      knownChunks: [],
      env: {},
      tempFolder: folder,
    });
    const found = await shown(given, { store, manifest });
    expect(found.task.examples.map(({ text }) => text)).toEqual(['kept', 'fine']);
    expect(found).toMatchObject({ shown: 2, inGold: 2 });
  });
});
