/** How many calls to one teacher are in flight in this process and how fast they follow each other, whichever chunk or run they
 *  are for, and what these calls have shown of the teacher. Runs take turns; within a run the chunk that began first goes
 *  first, so that chunks end one after another and there is always one to fill the places. */
import type { Pace } from '../contracts/index.js';
import { CallTimeout } from './call-timeout.js';
import { ConcurrencyWindow } from './concurrency-window.js';
import type { ToldLimits } from './rate-headers.js';
import { RateLimit } from './rate-limit.js';
import type { TeacherAnswer, TeacherBusyError, Trouble } from './teacher.js';
import { WaitingLine } from './waiting-line.js';

export interface LimiterSettings {
  /** Most calls in flight. */
  readonly concurrency: number;
  /** Of all workers together; null: not declared. */
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

/** The calls of one chunk. */
export interface Lane {
  /** Runs the job when it is its turn, which comes a little before there is a place: it may be recorded meanwhile that it will be
   *  sent. The place is given back however the job ends. Rejects with the signal's reason if it aborts before. */
  run<Result>(job: (untilPlace: () => Promise<Place>) => Promise<Result>, signal: AbortSignal): Promise<Result>;
  leave(): void;
}

/** A call that may be sent. */
export interface Place {
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  readonly inFlight: number;
  /** That it was counted with beforehand. */
  readonly tokens: number;
}

/** Nobody is held for longer without asking again: the next answer may tell otherwise. */
const LONGEST_HOLD_MS = 60_000;
const NEWEST = 0.05;
const CHARACTERS_PER_TOKEN = 4;
/** So many calls have their turn before there is a place for them, as a share of the places. More would hide slower records, and
 *  each counts as sent where the process is killed. */
const AHEAD = 1 / 8;
/** The pace was what held calls back if it did so in the last seconds. */
const HELD_LATELY_MS = 10_000;

export class CallLimiter {
  private inFlight = 0;
  /** Calls that have had their turn and no place yet. */
  private ahead = 0;
  /** Of these, the ones that could be sent. */
  private readonly ready = new WaitingLine();
  private readonly window: ConcurrencyWindow;
  private readonly requests: RateLimit;
  private readonly tokens: RateLimit;
  private readonly timeout = new CallTimeout();
  /** In the order of their turns. */
  private readonly runs = new Map<string, WaitingLine[]>();
  private readonly failing = new Set<string>();
  private repliedAt: number | null = null;
  private heldUntil = 0;
  /** What last held a call back that had a place, and when. */
  private heldBack: { readonly unit: Pace['unit']; readonly at: number } | null = null;
  private workersCounted = 1;
  private tokensPerCall = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private settings: LimiterSettings,
    /** That ask this teacher, this process included: they share what is declared and what the provider allows. */
    private readonly workers: () => number = () => 1,
    private readonly now: () => number = Date.now,
  ) {
    this.window = new ConcurrencyWindow(settings.concurrency);
    this.requests = new RateLimit(now());
    this.tokens = new RateLimit(now());
    this.configure(settings);
  }

  get concurrency(): number {
    return this.settings.concurrency;
  }

  configure(settings: LimiterSettings): void {
    this.settings = settings;
    this.window.setMaximum(settings.concurrency);
    this.share();
    this.admit();
  }

  enter(run: string): Lane {
    const line = new WaitingLine();
    this.runs.set(run, [...(this.runs.get(run) ?? []), line]);
    return {
      run: async (job, signal) => {
        const turn = line.join(signal);
        this.admit();
        await turn;
        const tokens = this.tokensPerCall;
        let hasPlace = false;
        const untilPlace = async () => {
          const place = this.ready.join(signal);
          this.admit();
          await place;
          hasPlace = true;
          return { sentAt: this.now(), inFlight: this.inFlight, tokens };
        };
        try {
          return await job(untilPlace);
        } finally {
          if (hasPlace) this.inFlight--;
          else this.ahead--;
          this.admit();
        }
      },
      leave: () => {
        const others = this.runs.get(run)?.filter((each) => each !== line) ?? [];
        if (others.length === 0) this.runs.delete(run);
        else this.runs.set(run, others);
      },
    };
  }

  /** When the teacher last replied, milliseconds since the epoch; null: not yet. */
  get lastReplyAt(): number | null {
    return this.repliedAt;
  }

  /** Different texts whose calls failed since the last reply: several look like an outage, one like a bad question. */
  get failingTexts(): number {
    return this.failing.size;
  }

  /** What held calls back in the last seconds besides the places; null: nothing. */
  get pace(): Pace | null {
    if (this.heldBack === null || this.now() - this.heldBack.at > HELD_LATELY_MS) return null;
    const { unit } = this.heldBack;
    const pace = (unit === 'tokens' ? this.tokens : this.requests).pace;
    return pace && { ...pace, unit };
  }

  /** Milliseconds to wait for a reply. timeOuts: of the same question so far. */
  timeoutMs(timeOuts: number, longestMs: number): number {
    return this.timeout.of(timeOuts, longestMs);
  }

  /** answer: null where the teacher refused the question. */
  replied(place: Place, answer: TeacherAnswer | null): void {
    const now = this.now();
    this.repliedAt = now;
    this.failing.clear();
    if (answer === null) return;
    const { content, inputTokens, latencyMs, limits } = answer;
    const outputTokens = answer.outputTokens ?? Math.ceil(content.length / CHARACTERS_PER_TOKEN);
    const tokens = (inputTokens ?? 0) + outputTokens;
    this.timeout.replied(latencyMs);
    this.window.replied({ ...place, latencyMs, outputTokens }, this.inFlight, now);
    this.tokens.take(tokens - place.tokens, now);
    this.tokensPerCall =
      this.tokensPerCall === 0 ? tokens : this.tokensPerCall + NEWEST * (tokens - this.tokensPerCall);
    if (limits) this.learn(limits);
  }

  /** 429, or a server that says it is overloaded. Where the provider tells its pace, the pace is the mend, not fewer places.
   *  A whole account that is used up holds all calls, else only the one that was refused waits. */
  busy(place: Place, { limits, retryAfterMs }: Pick<TeacherBusyError, 'limits' | 'retryAfterMs'>): void {
    const pacedNow = limits !== null && this.learn(limits);
    if (pacedNow) return;
    this.window.busy(place.sentAt, this.now());
    if (limits !== null && isUsedUp(limits)) this.hold(retryAfterMs ?? 0);
  }

  /** textKey: of the text whose call failed. */
  failed(place: Place, textKey: string, trouble: Trouble): void {
    this.failing.add(textKey);
    if (trouble === 'overloaded') this.window.busy(place.sentAt, this.now());
  }

  /** Returns whether a pace is known. */
  private learn({ requests, tokens }: ToldLimits): boolean {
    const now = this.now();
    const pacedByRequests = requests !== null && this.requests.learn(requests, now);
    const pacedByTokens = tokens !== null && this.tokens.learn(tokens, now);
    for (const told of [requests, tokens]) {
      if (told?.refill === 'window' && told.remaining === 0) this.hold(told.resetMs);
    }
    return pacedByRequests || pacedByTokens;
  }

  private hold(ms: number): void {
    this.heldUntil = Math.max(this.heldUntil, this.now() + Math.min(ms, LONGEST_HOLD_MS));
  }

  private share(): void {
    this.workersCounted = this.workers();
    const { requestsPerMinute, tokensPerMinute } = this.settings;
    this.requests.declare(requestsPerMinute, this.workersCounted, this.now());
    this.tokens.declare(tokensPerMinute, this.workersCounted, this.now());
  }

  private admit(): void {
    if (this.workers() !== this.workersCounted) this.share();
    this.givePlaces();
    this.giveTurns();
  }

  private givePlaces(): void {
    while (this.inFlight < this.window.places && this.ready.length > 0) {
      const heldMs = this.heldUntil - this.now();
      if (heldMs > 0) {
        this.admitLater(heldMs);
        return;
      }
      if (!this.ready.wakeFirst()) return;
      this.ahead--;
      this.inFlight++;
    }
  }

  private giveTurns(): void {
    const { places } = this.window;
    while (this.inFlight + this.ahead < places + Math.floor(AHEAD * places)) {
      if (!this.someoneWaits()) return;
      const now = this.now();
      const byTokens = this.tokens.waitMs(this.tokensPerCall, now);
      const waitMs = Math.max(this.heldUntil - now, this.requests.waitMs(1, now), byTokens);
      if (waitMs > 0) {
        this.heldBack = { unit: waitMs === byTokens ? 'tokens' : 'calls', at: now };
        this.admitLater(waitMs);
        return;
      }
      if (!this.wakeNext()) return;
      this.ahead++;
      this.requests.take(1, now);
      this.tokens.take(this.tokensPerCall, now);
    }
  }

  private admitLater(ms: number): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.admit();
    }, ms);
    // The worker lives on its own account.
    this.timer.unref();
  }

  private someoneWaits(): boolean {
    for (const lines of this.runs.values()) if (lines.some((line) => line.length > 0)) return true;
    return false;
  }

  /** Of the run whose turn it is, the chunk that began first. */
  private wakeNext(): boolean {
    for (const [run, lines] of this.runs) {
      if (!lines.some((line) => line.wakeFirst())) continue;
      this.runs.delete(run);
      this.runs.set(run, lines);
      return true;
    }
    return false;
  }
}

const limiters = new Map<string, CallLimiter>();

/** The limiter of a teacher in this process. The settings last given hold. workers: see CallLimiter. */
export function limiterFor(teacher: string, settings: LimiterSettings, workers: () => number): CallLimiter {
  let limiter = limiters.get(teacher);
  if (limiter === undefined) {
    limiter = new CallLimiter(settings, workers);
    limiters.set(teacher, limiter);
  }
  limiter.configure(settings);
  return limiter;
}

function isUsedUp({ requests, tokens }: ToldLimits): boolean {
  return requests?.remaining === 0 || tokens?.remaining === 0;
}
