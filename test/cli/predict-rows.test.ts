/** Rows keep what they had, get the answers of the student, and are counted. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileToPredict, predictFile } from '../../src/cli/predict-rows.js';
import { readRows } from '../../src/corpus/index.js';
import { predictTexts } from '../../src/deployment/index.js';
import type { Student } from '../../src/students/index.js';
import { describeWithS3, useS3Server } from '../support/s3-server.js';

/** Says up by the share of "+" among the characters; neither gets the quarter that is left. */
const student: Student = {
  labels: ['down', 'up', 'neither'],
  predict: async (texts) =>
    texts.map((text) => {
      const up = (0.75 * [...text].filter((character) => character === '+').length) / text.length;
      return [0.75 - up, up, 0.25];
    }),
  close: async () => {},
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'predict-rows-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function predict(input: string, output: string, changes: Partial<FileToPredict> = {}, asked = student) {
  return predictFile(asked, {
    input,
    output: output.startsWith('s3://') ? output : join(folder, output),
    env: process.env,
    template: '{text}',
    textColumn: 'text',
    top: null,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...changes,
  });
}

const linesOf = (name: string) =>
  readFileSync(join(folder, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('predictTexts', () => {
  it('sorts the labels of each text by score and keeps the best', async () => {
    expect(await predictTexts(student, ['++', '--'], null)).toEqual([
      [
        { label: 'up', score: 0.75 },
        { label: 'neither', score: 0.25 },
        { label: 'down', score: 0 },
      ],
      [
        { label: 'down', score: 0.75 },
        { label: 'neither', score: 0.25 },
        { label: 'up', score: 0 },
      ],
    ]);
    expect(await predictTexts(student, ['++'], 1)).toEqual([[{ label: 'up', score: 0.75 }]]);
  });
});

describe('predictFile', () => {
  it('adds label, score and all scores to JSONL rows, whose other columns stay, also those that only some rows have', async () => {
    const input = write('in.jsonl', '{"text":"++","id":7}\n{"text":"--","note":{"a":1}}\n');
    const predicted = await predict(input, 'out.jsonl');
    expect(predicted).toEqual({ rows: 2, refused: 0, problems: [], added: ['label', 'score', 'scores'] });
    expect(linesOf('out.jsonl')).toEqual([
      { text: '++', id: 7, note: null, label: 'up', score: 0.75, scores: { up: 0.75, neither: 0.25, down: 0 } },
      {
        text: '--',
        id: null,
        note: { a: 1 },
        label: 'down',
        score: 0.75,
        scores: { down: 0.75, neither: 0.25, up: 0 },
      },
    ]);
  });

  it('writes label and score to CSV, and keeps only the best scores in JSONL where that is asked', async () => {
    const input = write('in.csv', 'id,text\n1,"+-, really"\n2,++++\n');
    await predict(input, 'out.csv');
    expect(readFileSync(join(folder, 'out.csv'), 'utf8').split('\n').slice(0, 3)).toEqual([
      'id,text,label,score',
      expect.stringMatching(/^1,"\+-, really",down,0\.6/),
      '2,"++++",up,0.75',
    ]);
    await predict(input, 'out.jsonl', { top: 1 });
    expect(linesOf('out.jsonl')[1]).toMatchObject({ label: 'up', scores: { up: 0.75 } });
  });

  it('writes Parquet from Parquet', async () => {
    await predict(write('in.jsonl', '{"text":"++","id":7}\n'), 'first.parquet');
    await predict(join(folder, 'first.parquet'), 'second.parquet');
    const rows = [];
    for await (const row of readRows(join(folder, 'second.parquet'))) rows.push('values' in row ? row.values : row);
    expect(rows).toEqual([
      { text: '++', id: 7, label: 'up', score: 0.75, predicted_label: 'up', predicted_score: 0.75 },
    ]);
  });

  it('reads the files of a folder one after another, and names the one of a row that it leaves out', async () => {
    mkdirSync(join(folder, 'in'));
    write('in/a.jsonl', '{"text":"++","id":1}\n');
    write('in/b.csv', 'text,more\n--,x\n" ",y\n');
    const predicted = await predict(join(folder, 'in'), 'out.csv');
    expect(predicted).toMatchObject({ rows: 2, refused: 1, problems: [{ file: 'in/b.csv', line: 3 }] });
    expect(readFileSync(join(folder, 'out.csv'), 'utf8')).toBe(
      'text,id,more,label,score\n"++",1,,up,0.75\n"--",,x,down,0.75\n',
    );
  });

  it("renders the version's template over the columns", async () => {
    const input = write('in.csv', 'sign,body\n+,+++\n-,\n');
    await predict(input, 'out.jsonl', { template: '{sign}{text}', textColumn: 'body' });
    expect(linesOf('out.jsonl')).toMatchObject([{ sign: '+', label: 'up', score: 0.75 }]);
  });

  it('leaves an expert label as it is and names its own columns otherwise', async () => {
    const predicted = await predict(write('in.jsonl', '{"text":"++","label":"down"}\n'), 'out.csv');
    expect(predicted.added).toEqual(['predicted_label', 'predicted_score']);
    expect(readFileSync(join(folder, 'out.csv'), 'utf8')).toBe(
      'text,label,predicted_label,predicted_score\n"++",down,up,0.75\n',
    );
  });

  it('finds a label column that only a later row has', async () => {
    const input = write('in.jsonl', '{"text":"++"}\n{"text":"--","label":"down"}\n');
    expect((await predict(input, 'out.jsonl')).added).toEqual([
      'predicted_label',
      'predicted_score',
      'predicted_scores',
    ]);
  });

  it('refuses to overwrite the columns of an earlier prediction', async () => {
    const input = write('in.jsonl', '{"text":"++","label":"up","predicted_label":"up"}\n');
    await expect(predict(input, 'out.jsonl')).rejects.toThrow('Rename them');
  });

  it('counts rows that can not be used, says why, and leaves them out', async () => {
    const input = write('in.jsonl', '{"text":"++"}\nnot json\n{"text":"  "}\n{"text":5}\n');
    const predicted = await predict(input, 'out.jsonl');
    expect(predicted).toMatchObject({ rows: 1, refused: 3 });
    expect(predicted.problems).toEqual([
      { line: 2, problem: 'the line is not valid JSON' },
      { line: 3, problem: 'its text is empty' },
      { line: 4, problem: 'its column "text" holds a number, not a string' },
    ]);
    expect(linesOf('out.jsonl')).toHaveLength(1);
  });

  it('names the columns there are when the one of the texts is missing', async () => {
    const input = write('in.csv', 'id,body\n1,++\n');
    await expect(predict(input, 'out.csv')).rejects.toThrow(
      /no column "text"; the columns are: id, body.*--text-column/,
    );
  });

  it('names the columns of a template of several', async () => {
    const input = write('in.csv', 'sign,txt\n+,++\n');
    const template = { template: '{sign}{body}' };
    await expect(predict(input, 'out.csv', template)).rejects.toThrow(
      /no column "body"; the columns are: sign, txt\. The task makes its texts of sign, body: name the columns so/,
    );
  });

  it('does not overwrite its input', async () => {
    const input = write('in.csv', 'text\n++\n');
    await expect(predict(input, 'in.csv')).rejects.toThrow(/^--output .*it is a file of the input/);
    expect(readFileSync(input, 'utf8')).toBe('text\n++\n');
  });

  it('asks the student for a batch at a time, keeps the order, and tells how far it is', async () => {
    const sizes: number[] = [];
    const counted: Student = {
      ...student,
      predict: (texts) => {
        sizes.push(texts.length);
        return student.predict(texts);
      },
    };
    const input = write('in.jsonl', Array.from({ length: 600 }, (_, id) => `{"text":"+","id":${id}}\n`).join(''));
    const progress: unknown[] = [];
    await predict(input, 'out.jsonl', { onProgress: (now) => progress.push(now) }, counted);
    expect(sizes).toEqual([256, 256, 88]);
    expect(linesOf('out.jsonl').map(({ id }) => id)).toEqual(Array.from({ length: 600 }, (_, id) => id));
    expect(progress).toEqual([256, 512, 600].map((done) => ({ done, total: 600 })));
  });

  it('leaves nothing behind when it is interrupted or the student fails', async () => {
    const input = write('in.jsonl', '{"text":"++"}\n'.repeat(600));
    const interrupt = new AbortController();
    const interrupted = predict(input, 'out.jsonl', { signal: interrupt.signal, onProgress: () => interrupt.abort() });
    await expect(interrupted).rejects.toThrow('aborted');
    const broken: Student = { ...student, predict: () => Promise.reject(new Error('broken')) };
    await expect(predict(input, 'out.jsonl', {}, broken)).rejects.toThrow('broken');
    expect(readdirSync(folder)).toEqual(['in.jsonl']);
  });
});

describeWithS3('predictFile on S3', () => {
  const server = useS3Server();

  it('reads objects, and its output appears when all is done', async () => {
    const bucket = server().makeBucket();
    const objects = server().folderOf(bucket);
    mkdirSync(join(objects, 'in'));
    write('rows.jsonl', '{"text":"++"}\n{"text":"--"}\n');
    await predict(join(folder, 'rows.jsonl'), 'rows.parquet');
    copyFileSync(join(folder, 'rows.parquet'), join(objects, 'in', 'rows.parquet'));
    const predicted = await predict(`s3://${bucket}/in`, `s3://${bucket}/out/labels.csv`);
    expect(predicted).toMatchObject({ rows: 2, refused: 0, added: ['predicted_label', 'predicted_score'] });
    expect(readFileSync(join(objects, 'out', 'labels.csv'), 'utf8').split('\n')[1]).toBe('"++",up,0.75,up,0.75');
  });

  it('says before it begins that it may not write there', async () => {
    const input = write('in.jsonl', '{"text":"++"}\n');
    await expect(predict(input, 's3://no-such-bucket-of-ours/out.csv')).rejects.toThrow(/--output .*no-such-bucket/);
  });
});
