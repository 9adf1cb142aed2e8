/** Tells the runs that wait for their labels to be reviewed where the page is and how far people are, so that their boards show
 *  it. A run pays four events of its history for each news, and so does the child that waits: they are few. */
import type { ReviewNews } from '../../contracts/index.js';
import { suggestedFixes } from '../doubt-queue.js';
import { runPath } from './client/addresses.js';
import type { Desks } from './desks.js';
import type { GateDoor } from './gate-door.js';

/** Between two looks at a review, and so between two news of it: a fiftieth of the time since the first, but no less than this. */
const SOONEST_MS = 15_000;
const PACE = 1 / 50;
/** And, for so many news, no more than this. Were something decided day and night, a month would bring some 1,100 news, and a year
 *  some 1,250. */
const LATEST_MS = 5 * 60_000;
const MOST_PROMPT = 1000;

interface Told {
  readonly page: string | null;
  readonly count: number;
  readonly firstAt: number;
  /** When it was looked at last. */
  readonly at: number;
  /** Without its time. */
  readonly news: string;
}

export class BoardNews {
  /** By wait. */
  private readonly told = new Map<string, Told>();
  private telling: Promise<void> | null = null;

  constructor(
    private readonly desks: Desks,
    private readonly door: GateDoor,
    private readonly now: () => Date,
  ) {}

  /** Tells each run that waits what is new, if it is time to. address: of the page; null: it is served no more, and only those
   *  that know it hear of it, at once. Throws GateDoorError where the runs can't be asked. */
  async tell(address: string | null): Promise<void> {
    if (this.telling !== null) {
      if (address !== null) return;
      await this.telling.catch(() => undefined);
    }
    this.telling = this.tellAll(address).finally(() => {
      this.telling = null;
    });
    return this.telling;
  }

  private async tellAll(address: string | null): Promise<void> {
    const waits = await this.door.reviewsWaiting();
    for (const { wait, workflowId } of waits) {
      if (address !== null || this.told.has(wait)) await this.tellRun(workflowId, wait, address);
    }
    const open = new Set(waits.map(({ wait }) => wait));
    for (const wait of this.told.keys()) if (!open.has(wait)) this.told.delete(wait);
  }

  private async tellRun(workflowId: string, wait: string, address: string | null): Promise<void> {
    const now = this.now();
    const before = this.told.get(wait);
    if (address !== null && before !== undefined && now.getTime() < before.at + pause(before)) return;
    // What is wrong with a review is told to whoever opens it.
    const figures = await this.figuresOf(workflowId).catch(() => null);
    if (figures === null) return;
    const page = address === null ? null : `${address}${runPath(workflowId)}`;
    const gone = page === null ? (before?.page ?? null) : null;
    const news = JSON.stringify({ page, ...figures });
    if (news === before?.news) {
      this.told.set(wait, { ...before, at: now.getTime() });
      return;
    }
    await this.door.tellOfReview(workflowId, { page, gone, ...figures, at: now.toISOString() });
    const count = (before?.count ?? 0) + 1;
    this.told.set(wait, { page, count, firstAt: before?.firstAt ?? now.getTime(), at: now.getTime(), news });
  }

  /** null: the store has no review of the run. */
  private async figuresOf(workflowId: string): Promise<Omit<ReviewNews, 'page' | 'gone' | 'at'> | null> {
    const found = await this.desks.find(workflowId);
    if (found === null) return null;
    if (await found.review.isUntouched(found.queue.labelsVersion ?? 0)) {
      const suggested = suggestedFixes(found.queue.texts);
      return { suggested, decided: 0, changed: 0, audited: null, certificate: null };
    }
    const desk = await this.desks.open(workflowId);
    if (desk === null) return null;
    const { audit, fix } = desk.overview('');
    const { changed, decided, suggested } = fix;
    return { suggested, decided, changed, audited: audit?.decided ?? null, certificate: audit?.certificate ?? null };
  }
}

function pause({ at, count, firstAt }: Told): number {
  const longest = count < MOST_PROMPT ? LATEST_MS : Number.POSITIVE_INFINITY;
  return Math.min(longest, Math.max(SOONEST_MS, PACE * (at - firstAt)));
}
