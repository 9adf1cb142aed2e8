/** Memory stays bounded: a process whose heap is smaller than the corpus prepares it. It runs the sources, compiled. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformFileSync } from '@swc/core';
import { openRowWriter } from '../../src/corpus/index.js';
import { folder } from './temp-files.js';

const root = join(__dirname, '../..');
const HEAP_MB = 80;
const ROWS = 50_000;
// 50,000 rows of 2,400 characters are 120 MB, half as much again as the heap; a tenth of the texts stand twice.
const CHARACTERS = 2400;

it('prepares a corpus that is larger than the heap', async () => {
  const compiled = compile(['contracts', 'store', 'hub', 'corpus']);
  const path = join(folder, 'large.jsonl');
  const writer = await openRowWriter(path, ['id', 'text', 'lang']);
  for (let row = 0; row < ROWS; row++) {
    const text = `${row % (ROWS * 0.9)} `.padEnd(CHARACTERS, 'lorem ipsum ');
    await writer.write({ id: `r${row}`, text, lang: row % 5 === 0 ? 'de' : 'en' });
  }
  await writer.finish();
  const program = join(folder, 'prepare.js');
  writeFileSync(
    program,
    `const { prepareCorpus } = require('${compiled}/corpus/index.js');
     const { openFileStore } = require('${compiled}/store/index.js');
     const { CorpusInput, Task } = require('${compiled}/contracts/index.js');
     (async () => {
       const labels = [{ name: 'good' }, { name: 'bad' }];
       const { manifest } = await prepareCorpus({
         task: Task.parse({ name: 'large', kind: 'text-classification', labels }),
         corpus: CorpusInput.parse({ path: '${path}', sample: { size: 1000, stratifyBy: 'lang' } }),
         gold: null,
         store: await openFileStore('${folder}/store'),
         runFolder: 'runs/large/1',
         knownChunks: [],
         env: {},
         tempFolder: '${folder}/temp',
       });
       console.log(JSON.stringify(manifest.counts));
     })();`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, [`--max-old-space-size=${HEAP_MB}`, program], {
    env: { ...process.env, NODE_PATH: join(root, 'node_modules') },
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(`the preparation ended without a result: ${stderr.slice(0, 2000)}`);
  expect(JSON.parse(stdout)).toMatchObject({ rows: ROWS, texts: 1000, duplicates: 5000, rest: 44_000, refused: 0 });
  expect(readdirSync(join(folder, 'temp'))).toEqual([]);
});

/** Compiles folders of src as jest does, and gives the folder that they lie in. */
function compile(folders: readonly string[]): string {
  const out = join(folder, 'compiled');
  for (const name of folders) {
    mkdirSync(join(out, name), { recursive: true });
    for (const file of readdirSync(join(root, 'src', name))) {
      const { code } = transformFileSync(join(root, 'src', name, file), {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
      });
      writeFileSync(join(out, name, file.replace(/\.ts$/, '.js')), code);
    }
  }
  return out;
}
