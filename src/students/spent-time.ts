/** How long a training took, killed attempts at the same job included: they cost energy, too. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** In the job's checkpoint folder: seconds. Its age also tells whether anybody still works there. */
export const SPENT_FILE = 'seconds';

const NOTE_EVERY_MS = 5000;

export class SpentTime {
  private notedAt = Number.NEGATIVE_INFINITY;

  private constructor(
    private readonly folder: string | undefined,
    /** Seconds of earlier attempts. */
    readonly before: number,
    private readonly now: () => number,
    private readonly startedAt: number,
  ) {}

  /** Without a folder earlier attempts are not known. */
  static async begin(folder: string | undefined, now: () => number = () => performance.now()): Promise<SpentTime> {
    const noted = folder === undefined ? '' : await readFile(join(folder, SPENT_FILE), 'utf8').catch(() => '');
    return new SpentTime(folder, Number.parseFloat(noted) || 0, now, now());
  }

  /** Keeps the time so far, every few seconds; where it can't be written a killed attempt's time is lost, and nothing else. */
  async note(): Promise<void> {
    const now = this.now();
    if (this.folder === undefined || now - this.notedAt < NOTE_EVERY_MS) return;
    this.notedAt = now;
    const seconds = this.before + (now - this.startedAt) / 1000;
    await mkdir(this.folder, { recursive: true })
      .then(() => writeFile(join(this.folder as string, SPENT_FILE), String(seconds)))
      .catch(() => undefined);
  }
}
