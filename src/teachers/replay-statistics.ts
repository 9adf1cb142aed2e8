/** What the replay server was asked and what it answered: the other side's books, to check a run's own against. */

export interface ReplayStats {
  /** Questions that arrived, whatever became of them. */
  requests: number;
  answered200: number;
  /** Of the prompts and replies of these answers. */
  tokens: number;
  answered429: number;
  answered500: number;
  dropped: number;
  /** Answered 400: not a prompt of this project, or a text, prompt and sample without a recorded reply. */
  unknown: number;
  inFlight: number;
  maxInFlight: number;
  /** Milliseconds since the epoch; null before the first request. */
  firstAt: number | null;
  lastAt: number | null;
  /** Different questions: text, prompt and sample. */
  questions: number;
  /** Questions that were answered 200 more than once. */
  paidTwice: number;
  /** Answers 200 to questions that had got one before. */
  repeats: number;
}

export class ReplayStatistics {
  private readonly counts = { requests: 0, '200': 0, '429': 0, '500': 0, dropped: 0, unknown: 0 };
  private inFlight = 0;
  private maxInFlight = 0;
  private firstAt: number | null = null;
  private lastAt: number | null = null;
  private readonly asked = new Map<string, number>();
  private readonly paid = new Map<string, number>();
  private tokens = 0;
  private paidTwice = 0;
  private repeats = 0;

  begin(): void {
    this.counts.requests++;
    this.inFlight++;
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    this.lastAt = Date.now();
    this.firstAt ??= this.lastAt;
  }

  end(): void {
    this.inFlight--;
  }

  /** How many times the question had been asked before. */
  ask(question: string): number {
    const before = this.asked.get(question) ?? 0;
    this.asked.set(question, before + 1);
    return before;
  }

  pay(question: string, tokens: number): void {
    this.counts['200']++;
    this.tokens += tokens;
    const times = (this.paid.get(question) ?? 0) + 1;
    this.paid.set(question, times);
    if (times === 2) this.paidTwice++;
    if (times > 1) this.repeats++;
  }

  count(outcome: '429' | '500' | 'dropped' | 'unknown'): void {
    this.counts[outcome]++;
  }

  read(): ReplayStats {
    const { requests, dropped, unknown } = this.counts;
    return {
      requests,
      answered200: this.counts['200'],
      tokens: this.tokens,
      answered429: this.counts['429'],
      answered500: this.counts['500'],
      dropped,
      unknown,
      inFlight: this.inFlight,
      maxInFlight: this.maxInFlight,
      firstAt: this.firstAt,
      lastAt: this.lastAt,
      questions: this.asked.size,
      paidTwice: this.paidTwice,
      repeats: this.repeats,
    };
  }
}
