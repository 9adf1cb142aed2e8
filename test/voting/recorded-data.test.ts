/** What it does to let gold rows choose how votes become labels, by the script that made the figures of docs/review.md. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const file = join(__dirname, '../../../shared/data/financial-phrasebank/mixtral-train.jsonl');
const wanted = process.env.TEST_RECORDED === '1';
const present = wanted && existsSync(file);
if (!wanted) console.log('skipped: measured on recorded data (npm run test:recorded)');
else if (!present) console.log(`skipped: ${file} is not there (recorded data that may not be part of this project)`);

const script = join(__dirname, '../../scripts/measure-weighing.js');

(present ? describe : describe.skip)('gold rows of the recorded data that choose how votes become labels', () => {
  it('flatter the choice by less than chance does, and choose no worse than the majority', async () => {
    const { results, rows } = JSON.parse((await promisify(execFile)(process.execPath, [script, file])).stdout);
    expect(rows).toBe(1811);
    console.log(JSON.stringify(results));
    for (const { chosenOn } of Object.values<{ chosenOn: { gold: number; flattered: number; gained: number }[] }>(
      results,
    )) {
      expect(chosenOn.map(({ gold }) => gold)).toEqual([50, 100, 200]);
      for (const { flattered, gained, gold } of chosenOn) {
        expect(flattered).toBeLessThan(100 * Math.sqrt((0.93 * 0.07) / gold));
        expect(gained).toBeGreaterThanOrEqual(0);
      }
    }
  }, 600_000);
});
