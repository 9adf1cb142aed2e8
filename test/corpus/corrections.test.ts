import { join } from 'node:path';
import { Label } from '../../src/contracts/index.js';
import { openRowWriter, readCorrections } from '../../src/corpus/index.js';
import { folder, jsonl, tempFile } from './temp-files.js';

const labels = [{ name: 'good', aliases: ['2'] }, { name: 'bad' }].map((label) => Label.parse(label));
const rows = [
  { id: 'a', label: 'Good' },
  { id: '7', label: '2' },
  { id: 'c', label: 'bad' },
];
const expected = [
  { id: 'a', label: 'good' },
  { id: '7', label: 'good' },
  { id: 'c', label: 'bad' },
];

describe('corrections', () => {
  it('are read from any format, with labels by name or alias', async () => {
    for (const extension of ['.jsonl', '.csv', '.tsv', '.parquet']) {
      const path = join(folder, `corrections${extension}`);
      const writer = await openRowWriter(path, ['id', 'label']);
      for (const row of rows) await writer.write(row);
      await writer.finish();
      expect(await readCorrections(path, labels)).toEqual(expected);
    }
    expect(await readCorrections(tempFile('.jsonl', '{"id":7,"label":2}\n'), labels)).toEqual([expected[1]]);
  });

  it('are refused as a whole, with every problem at once', async () => {
    const path = tempFile(
      '.jsonl',
      `${jsonl([{ id: 'a', label: 'good' }, { id: 'b', label: 'great' }, { label: 'bad' }, { id: 'a', label: 'bad' }])}broken\n`,
    );
    await expect(readCorrections(path, labels)).rejects.toThrow(
      /4 rows can't be used, and none was applied: line 2: its label "great" .*; line 3: it has no id; line 4: its id "a" also stands at line 1; line 5: .*not valid JSON\. .*good, bad/,
    );
  });

  it('name ten problems and count the others', async () => {
    const many = Array.from({ length: 12 }, (_, index) => ({ id: `r${index}`, label: 'great' }));
    const error = await readCorrections(tempFile('.jsonl', jsonl(many)), labels).catch(String);
    expect(error).toMatch(/12 rows.*line 10: .*; and 2 more/);
    expect(error).not.toMatch(/line 11/);
  });

  it('need the columns id and label', async () => {
    await expect(readCorrections(tempFile('.csv', 'key,label\na,good\n'), labels)).rejects.toThrow(
      /corrections .*no column "id"; the columns are: key, label\. Give a file with the columns id and label/,
    );
  });
});
