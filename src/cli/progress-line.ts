/** Where a long job is, on stderr. */

const PROGRESS_EVERY_MS = { terminal: 200, log: 10_000 };

/** One line that changes on a terminal, now and then a line elsewhere. */
export class ProgressLine {
  private readonly terminal = process.stderr.isTTY === true;
  private readonly everyMs = this.terminal ? PROGRESS_EVERY_MS.terminal : PROGRESS_EVERY_MS.log;
  private nextAt = Date.now() + this.everyMs;

  show(text: string): void {
    if (Date.now() < this.nextAt) return;
    this.nextAt = Date.now() + this.everyMs;
    process.stderr.write(this.terminal ? `\r${text}` : `${text}\n`);
  }

  clear(): void {
    if (this.terminal) process.stderr.write('\r\u001b[K');
  }
}
