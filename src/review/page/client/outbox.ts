/** Decisions on their way to the server: sent one after another, kept in the browser until the server has them. */
import type { DecideRequest } from '../../../contracts/index.js';
import type { Conflict, PageRow, Written } from '../page-api.js';
import { runPath } from './addresses.js';
import { post, RefusedError, SilentError } from './api.js';

export type Entry = DecideRequest & { readonly entryId: string };

export interface OutboxListener {
  written(answer: Written): void;
  /** Somebody was faster: nothing was written, and the reviewer is to choose. */
  conflict(entry: Entry, row: PageRow): void;
  refused(entry: Entry, problem: string): void;
  /** How many wait, and why; null: they are on their way. */
  waiting(count: number, problem: string | null): void;
}

const PAUSE_MS = 1500;
/** To send the decision again would change nothing. */
const FINAL: readonly number[] = [400, 404, 409];

export class Outbox {
  private readonly place: string;
  private entries: Entry[] = [];
  private sending: Promise<void> | null = null;

  /** What an earlier visit of the same reviewer could not send is sent once the page stands: the first look into the storage
   *  takes a browser a while. */
  constructor(
    private readonly workflowId: string,
    reviewer: string,
    private readonly listener: OutboxListener,
  ) {
    this.place = `tutelage outbox ${JSON.stringify([workflowId, reviewer])}`;
    requestAnimationFrame(() => setTimeout(() => this.takeUp()));
  }

  get size(): number {
    return this.entries.length;
  }

  send(request: DecideRequest): void {
    const entry = { ...request, entryId: crypto.getRandomValues(new Uint32Array(2)).join('-') };
    this.entries.push(entry);
    this.store((others) => [...others, entry]);
    this.start();
  }

  /** Resolves when nothing waits any more. */
  async empty(): Promise<void> {
    while (this.sending !== null) await this.sending;
  }

  private takeUp(): void {
    const own = new Set(this.entries.map(({ entryId }) => entryId));
    this.entries.unshift(...stored(this.place).filter(({ entryId }) => !own.has(entryId)));
    if (this.entries.length > 0) this.start();
  }

  private start(): void {
    this.sending ??= this.sendAll().finally(() => {
      this.sending = null;
    });
  }

  private async sendAll(): Promise<void> {
    while (this.entries[0] !== undefined) {
      const entry = this.entries[0];
      this.listener.waiting(this.entries.length, null);
      try {
        const { entryId: _, ...request } = entry;
        const answer = await post<Written>(runPath(this.workflowId, 'decide'), request);
        this.done(entry);
        // A later decision about the same text was made with this one in view.
        this.entries = this.entries.map((later) =>
          later.key === entry.key ? { ...later, version: answer.row.version } : later,
        );
        this.listener.written(answer);
      } catch (error) {
        if (error instanceof RefusedError && FINAL.includes(error.status)) {
          this.done(entry);
          if (error.status === 409) this.listener.conflict(entry, (error.answer as Conflict).row);
          else this.listener.refused(entry, error.message);
        } else if (error instanceof SilentError || error instanceof RefusedError) {
          this.listener.waiting(this.entries.length, error.message);
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        } else throw error;
      }
    }
    this.listener.waiting(0, null);
  }

  private done(entry: Entry): void {
    this.entries = this.entries.filter(({ entryId }) => entryId !== entry.entryId);
    this.store((others) => others.filter(({ entryId }) => entryId !== entry.entryId));
  }

  /** Other tabs of the same reviewer keep theirs in the same place. */
  private store(change: (entries: Entry[]) => Entry[]): void {
    const entries = change(stored(this.place));
    try {
      if (entries.length === 0) localStorage.removeItem(this.place);
      else localStorage.setItem(this.place, JSON.stringify(entries));
    } catch {
      // Without storage the entries wait in memory only, and closing the tab asks first.
    }
  }
}

function stored(place: string): Entry[] {
  try {
    return JSON.parse(localStorage.getItem(place) ?? '[]') as Entry[];
  } catch {
    return [];
  }
}
