/** The labels of a run as a file for people. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeLabels } from '../../src/cli/write-labels.js';
import { LabelRow } from '../../src/contracts/index.js';
import { openFileStore } from '../../src/store/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'labels-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** votes: [label, probability]. */
function row(line: number, label: string, votes: [string, number?][]): LabelRow {
  return LabelRow.parse({
    ...{ key: `k${line}`, id: `t${line}`, text: `text ${line}`, line, label, distribution: { [label]: 1 } },
    ...{ agreement: 1, reason: null, source: 'teacher', correctedBy: null, teacherLabel: label, gold: null },
    votes: votes.map(([name, probability], sample) => ({
      ...{ prompt: 'direct', sample, label: name, reason: null, unreadable: null },
      ...(probability !== undefined && { probability }),
    })),
    ...{ gateGold: false, set: 'corpus' },
  });
}

async function written(rows: LabelRow[]): Promise<string[]> {
  const store = await openFileStore(join(folder, 'store'));
  const path = 'runs/w/r/vote/labels.jsonl';
  await store.write(path, rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const output = join(folder, 'labels.csv');
  expect(await writeLabels(`${store.ref.uri}/${path}`, output)).toBe(rows.length);
  return readFileSync(output, 'utf8').trim().split('\n');
}

describe('The file of labels', () => {
  it('has a column of probabilities where teachers told them: the mean over the votes for the label', async () => {
    const [header, ...lines] = await written([
      row(1, 'good', [
        ['good', 0.9],
        ['good', 0.7],
        ['bad', 0.1],
      ]),
      row(2, 'bad', [['bad']]),
    ]);
    expect(header).toBe('id,text,label,agreement,reason,source,line,probability');
    expect(Number(lines[0]?.split(',').at(-1))).toBeCloseTo(0.8, 12);
    expect(lines[1]?.split(',').at(-1)).toBe('');
  });

  it('has none where nobody told any', async () => {
    expect((await written([row(1, 'good', [['good']])]))[0]).toBe('id,text,label,agreement,reason,source,line');
  });
});
