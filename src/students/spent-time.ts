/** What a training took, killed attempts at the same job included: they cost energy, too. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** In the job's checkpoint folder. Its age also tells whether anybody still works there. */
const SPENT_FILE = 'spent.json';

const NOTE_EVERY_MS = 5000;

export interface Spent {
  /** By the clock. */
  readonly seconds: number;
  /** That cores worked. */
  readonly cpuSeconds: number;
}

/** Of this process, since any moment. */
export function spentByProcess(): Spent {
  const { system, user } = process.cpuUsage();
  return { seconds: performance.now() / 1000, cpuSeconds: (system + user) / 1e6 };
}

export class SpentTime {
  private noted = Number.NEGATIVE_INFINITY;

  private constructor(
    private readonly folder: string | undefined,
    /** By earlier attempts. */
    readonly before: Spent,
    private readonly read: () => Spent,
    private readonly start: Spent,
  ) {}

  /** Without a folder earlier attempts are not known. */
  static async begin(folder: string | undefined, read: () => Spent = spentByProcess): Promise<SpentTime> {
    const before = folder === undefined ? null : await readSpent(join(folder, SPENT_FILE));
    return new SpentTime(folder, before ?? { seconds: 0, cpuSeconds: 0 }, read, read());
  }

  /** By all attempts so far. */
  total(): Spent {
    const now = this.read();
    return {
      seconds: this.before.seconds + now.seconds - this.start.seconds,
      cpuSeconds: this.before.cpuSeconds + now.cpuSeconds - this.start.cpuSeconds,
    };
  }

  /** Keeps the total, every few seconds; where it can't be written a killed attempt's part is lost, and nothing else. */
  async note(): Promise<void> {
    const { folder } = this;
    const now = 1000 * this.read().seconds;
    if (folder === undefined || now - this.noted < NOTE_EVERY_MS) return;
    this.noted = now;
    await mkdir(folder, { recursive: true })
      .then(() => writeFile(join(folder, SPENT_FILE), JSON.stringify(this.total())))
      .catch(() => undefined);
  }
}

/** null: there is no such file, or a kill left half of it. */
async function readSpent(path: string): Promise<Spent | null> {
  try {
    const { cpuSeconds, seconds }: Spent = JSON.parse(await readFile(path, 'utf8'));
    return Number.isFinite(seconds) && Number.isFinite(cpuSeconds) ? { seconds, cpuSeconds } : null;
  } catch {
    return null;
  }
}
