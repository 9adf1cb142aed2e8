/** An append-only file. A line that was written survives the death of the process; once a second it is forced to the disk too. */
import { type FileHandle, open } from 'node:fs/promises';
import type { Journal } from './store.js';

const SYNC_INTERVAL_MS = 1000;

export class FileJournal implements Journal {
  private waiting: string[] = [];
  private writing: Promise<void> | null = null;
  private failure: unknown = null;
  private unsynced = false;
  private readonly timer: NodeJS.Timeout;

  private constructor(private readonly file: FileHandle) {
    this.timer = setInterval(() => this.sync(), SYNC_INTERVAL_MS);
    this.timer.unref();
  }

  static async open(path: string): Promise<FileJournal> {
    return new FileJournal(await open(path, 'a'));
  }

  append(line: string): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    this.waiting.push(`${line}\n`);
    // One write for all lines of this turn; a write under way takes along what came meanwhile when it is done.
    this.writing ??= Promise.resolve().then(() => this.flush());
    return this.writing;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    try {
      await this.writing;
      await this.file.datasync();
    } finally {
      await this.file.close();
    }
  }

  private async flush(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const lines = this.waiting.join('');
        this.waiting = [];
        await this.file.appendFile(lines);
        this.unsynced = true;
      }
    } catch (error) {
      this.failure = error;
      throw error;
    } finally {
      this.writing = null;
    }
  }

  private sync(): void {
    if (!this.unsynced) return;
    this.unsynced = false;
    this.file.datasync().catch((error) => {
      this.failure = error;
    });
  }
}
