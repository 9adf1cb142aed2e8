/** A review file through a real spreadsheet program, where LibreOffice Calc is installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { importFile, type ReviewFolder, rowsToFix, writeReviewFile } from '../../src/review/index.js';
import { openFileStore } from '../../src/store/index.js';
import { AT, HOSTILE, LABELS, reviewOf } from './review-of.js';

const installed = spawnSync('soffice', ['--version']).status === 0;
if (!installed)
  process.stderr.write('skipped: LibreOffice (Debian: apt-get install libreoffice-calc) is not installed\n');

const folder = mkdtempSync(join(tmpdir(), 'tutelage-libreoffice-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** LibreOffice opens the file and saves it in another format. Without a window it writes nothing of one: no frozen header. */
function convert(path: string, format: string): string {
  const profile = `-env:UserInstallation=file://${join(folder, 'profile')}`;
  execFileSync('soffice', [profile, '--headless', '--convert-to', format, '--outdir', join(folder, 'saved'), path]);
  return join(folder, 'saved', `review.${format}`);
}

/** The cell's content replaced in LibreOffice's flat XML, which it then opens again. n: the nth row, the header being 0. */
function editFlat(path: string, n: number, column: number, cell: string): void {
  let row = -1;
  const edited = readFileSync(path, 'utf8').replace(/<table:table-row[ >].*?<\/table:table-row>/gs, (xml) => {
    row++;
    if (row !== n) return xml;
    let index = -1;
    return xml.replace(/<table:table-cell(?:[^>]*\/>|.*?<\/table:table-cell>)/gs, (each) => {
      index++;
      return index === column
        ? each.replace(
            /^<table:table-cell([^>]*?)(?:\/>|>.*)$/s,
            (_, attributes) =>
              `<table:table-cell${attributes.replace(/ (?:office|calcext):value-type="[^"]*"/g, '')} ${cell}`,
          )
        : each;
    });
  });
  writeFileSync(path, edited);
}

const choice = (label: string) => `office:value-type="string"><text:p>${label}</text:p></table:table-cell>`;
const FORMULA = 'table:formula="of:=&quot;b&quot;&amp;&quot;ad&quot;" office:value-type="string"></table:table-cell>';
const DECISION_COLUMN = 3;

(installed ? describe : describe.skip)('a review file through LibreOffice', () => {
  let review: ReviewFolder;
  let flat: string;
  beforeAll(async () => {
    review = await reviewOf(await openFileStore(join(folder, 'store')), HOSTILE);
    const rows = await rowsToFix(review, HOSTILE.length);
    const path = join(folder, 'review.xlsx');
    await writeReviewFile(path, null, { purpose: 'fix', rows, labels: LABELS, guideline: '' });
    flat = convert(path, 'fods');
  });
  const imported = (path: string) =>
    importFile(review, { path, format: null, reviewer: 'ana', replace: false, at: AT });

  it('keeps the drop-down and the colours, and a formula is refused by cell', async () => {
    const untouched = readFileSync(flat, 'utf8');
    editFlat(flat, 2, DECISION_COLUMN, FORMULA);
    const saved = convert(flat, 'xlsx');
    writeFileSync(flat, untouched);
    const files = unzipSync(readFileSync(saved));
    const sheet = strFromU8(files['xl/worksheets/sheet1.xml']!);
    expect(sheet).toMatch(/<dataValidation [^>]*sqref="D2:D11" type="list"[^>]*><formula1>labels!\$A\$2:\$A\$3</);
    expect(strFromU8(files['xl/styles.xml']!)).toMatch(/FFFF9191/);
    await expect(imported(saved)).rejects.toMatchObject({ problems: ['cell D3 holds a formula'] });
  });

  it('brings back what was chosen, with all hostile texts unchanged', async () => {
    editFlat(flat, 1, DECISION_COLUMN, choice('good, better'));
    editFlat(flat, 4, DECISION_COLUMN, choice('bad'));
    expect(await imported(convert(flat, 'xlsx'))).toMatchObject({ undecided: HOSTILE.length - 2 });
    expect([...(await review.decisions()).values()]).toMatchObject([
      { id: 'id 0', label: 'good, better' },
      { id: 'id 3', label: 'bad' },
    ]);
  });
});
