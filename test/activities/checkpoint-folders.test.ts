/** What trainings leave on a machine, and for how long. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointsOf, removeAbandonedCheckpoints } from '../../src/activities/checkpoint-folders.js';

const DAY = 86_400;

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'checkpoints-'));
});
afterEach(() => rmSync(cache, { recursive: true }));

/** A student's checkpoints that were written so many days ago, the note of the time so many. */
function leave(student: string, { folder, note }: { folder: number; note: number }): string {
  const path = checkpointsOf(student, { XDG_CACHE_HOME: cache });
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'spent.json'), '5');
  const now = Date.now() / 1000;
  utimesSync(join(path, 'spent.json'), now - note * DAY, now - note * DAY);
  utimesSync(path, now - folder * DAY, now - folder * DAY);
  return path;
}

describe('removeAbandonedCheckpoints', () => {
  it('removes what no training has written to for a week, and nothing else', async () => {
    const abandoned = leave('cancelled', { folder: 9, note: 8 });
    const inWork = leave('long', { folder: 9, note: 0 });
    const recent = leave('recent', { folder: 6, note: 6 });
    await removeAbandonedCheckpoints({ XDG_CACHE_HOME: cache });
    expect([abandoned, inWork, recent].map((path) => existsSync(path))).toEqual([false, true, true]);
  });

  it('is content where nothing was trained yet', async () => {
    await removeAbandonedCheckpoints({ XDG_CACHE_HOME: join(cache, 'nowhere') });
  });
});
