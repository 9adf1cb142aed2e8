/** cleanlab's files out, and its table of issues in. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  importFile,
  labelledRows,
  queueOf,
  type ReviewFolder,
  rowsToFix,
  writeReviewFile,
} from '../../src/review/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { AT, LABELS, reviewOf, reviewRow } from './review-of.js';

const folder = mkdtempSync(join(tmpdir(), 'tutelage-cleanlab-'));
let store: Store;
beforeAll(async () => {
  store = await openFileStore(join(folder, 'store'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function exported(review: ReviewFolder): Promise<string> {
  const out = join(folder, 'out');
  const handout = { purpose: 'fix' as const, rows: await labelledRows(review), labels: LABELS, guideline: '' };
  await writeReviewFile(out, 'cleanlab', handout);
  return out;
}

const imported = (review: ReviewFolder, path: string) =>
  importFile(review, { path, format: 'cleanlab', reviewer: 'ana', replace: false, at: AT });

describe('a review with cleanlab', () => {
  it("gives it NumPy's arrays in the order of the texts", async () => {
    const out = await exported(await reviewOf(store, ['a', 'b', '=c']));
    const labels = readFileSync(join(out, 'labels.npy'));
    // The data begin at a multiple of 64 bytes.
    expect(labels.subarray(0, 8).toString('latin1')).toBe('\u0093NUMPY\u0001\u0000');
    expect(labels.subarray(10, 128).toString('latin1')).toMatch(
      /^\{'descr': '<i8', 'fortran_order': False, 'shape': \(3,\), \} *\n/,
    );
    expect((labels.readUInt16LE(8) + 10) % 64).toBe(0);
    expect([
      ...new BigInt64Array(
        labels.buffer.slice(labels.byteOffset + labels.length - 24, labels.byteOffset + labels.length),
      ),
    ]).toEqual([1n, 1n, 1n]);
    const probabilities = readFileSync(join(out, 'pred_probs.npy'));
    expect(probabilities.toString('latin1')).toContain("'shape': (3, 2,)");
    expect(probabilities.readDoubleLE(probabilities.length - 16)).toBe(0.25);
    expect(probabilities.readDoubleLE(probabilities.length - 8)).toBe(0.75);
    expect(JSON.parse(readFileSync(join(out, 'label_names.json'), 'utf8'))).toEqual(['good, better', 'bad']);
    expect(readFileSync(join(out, 'texts.csv'), 'utf8')).toContain('id 2,bad,');
  });

  it.each([
    ['Datalab', ',is_label_issue,label_score,given_label,predicted_label', ['bad', '"good, better"']],
    ['CleanLearning', ',is_label_issue,label_quality,given_label,predicted_label', ['1', '0']],
  ])('moves what %s doubts to the front, and decides nothing', async (_, header, [given, other]) => {
    const review = await reviewOf(store, ['a', 'b', 'c', 'd']);
    const out = await exported(review);
    const lines = [
      `0,False,0.9,${given},${given}`,
      `1,False,0.8,${given},${given}`,
      `2,True,0.20,${given},${other}`,
      `3,True,0.1,${given},${other}`,
    ];
    writeFileSync(join(out, 'issues.csv'), [header, ...lines, ''].join('\n'));
    expect(await imported(review, out)).toHaveProperty('opinions.length', 4);
    const rows = await rowsToFix(review, 3);
    expect(rows.map(({ id }) => id)).toEqual(['id 3', 'id 2', 'id 0']);
    expect(rows[1]!.why).toEqual(['cleanlab would say good, better (quality of the label: 0.20)', 'a reason']);
    expect((await review.decisions()).size).toBe(0);
  });

  it.each([
    ['numbers', ['0', '1']],
    ['names', ['1', '2']],
  ])('reads %s of labels whose names are numbers', async (_, [given, other]) => {
    const review = await reviewOf(store, ['a', 'b'], () => ({ label: '1' }));
    const labels = ['1', '2'].map((name) => ({ name, description: '', aliases: [] }));
    await review.writeQueue({ ...(await queueOf(review)), labels });
    const out = await exported(review);
    const header = ',is_label_issue,label_score,given_label,predicted_label';
    writeFileSync(join(out, 'issues.csv'), `${header}\n0,True,0.1,${given},${other}\n1,False,0.9,${given},${given}\n`);
    await imported(review, out);
    expect([...(await review.opinions()).values()].map(({ suggests }) => suggests)).toEqual(['2', '1']);
  });

  it('refuses a table of other rows whole', async () => {
    const review = await reviewOf(store, ['a', 'b', 'c']);
    const out = await exported(review);
    const header = ',is_label_issue,label_score,given_label,predicted_label';
    writeFileSync(
      join(out, 'issues.csv'),
      `${header}\n0,maybe,0.1,bad,bad\n1,True,2,bad,bad\n2,True,0.1,"good, better",bad\n3,True,0.1,bad,bad\n`,
    );
    await expect(imported(review, out)).rejects.toMatchObject({
      problems: [
        'line 2, is_label_issue is neither True nor False',
        'line 3 has no label_quality or label_score from 0 to 1',
        'line 4, given_label is not the label that was exported: are the rows in the order of texts.csv?',
        'line 5 stands for no text of this run',
        'it has 4 rows, and texts.csv has 3',
      ],
    });
    expect((await review.opinions()).size).toBe(0);
  });

  it('needs the probabilities of a student', async () => {
    const rows = [{ ...reviewRow(0, 'a'), student: null }];
    const handout = { purpose: 'fix' as const, rows, labels: LABELS, guideline: '' };
    await expect(writeReviewFile(join(folder, 'none'), 'cleanlab', handout)).rejects.toThrow('no out-of-fold');
  });
});
