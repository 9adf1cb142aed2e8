/** What a run would ask: the corpus prepared as the run would prepare it, its questions, and what is known of them already. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CorpusCounts, DistillationInput, StoredReply, Task } from '../contracts/index.js';
import { prepareCorpus } from '../corpus/index.js';
import { openStore, type Store } from '../store/index.js';
import {
  chunkRows,
  earlierChunks,
  type PlannedQuestion,
  type Price,
  plannedQuestions,
  questionOf,
  questionsUnderMajority,
  reusableReplies,
} from '../teachers/index.js';

/** Replies that the store holds to questions of this run. */
export interface KnownReplies {
  readonly replies: number;
  /** Of those whose tokens the provider told. */
  readonly counted: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** UTF-8 bytes of the prompts of the counted ones. */
  readonly promptBytes: number;
  /** Milliseconds of each reply, up to a thousand of them. */
  readonly latencies: readonly number[];
  /** Texts whose every question is known, and what they would have asked had they stopped at the majority. */
  readonly wholeTexts: number;
  readonly questionsUnderMajority: number;
}

export interface Survey {
  readonly counts: CorpusCounts;
  /** Texts of corpus and gold rows that the teacher is asked about. */
  readonly texts: number;
  /** Questions of all texts if none stops early. */
  readonly questions: number;
  /** Questions that nobody has paid for yet. */
  readonly open: number;
  /** The fewest questions that a text can end with under votes.stop = majority. */
  readonly fewestOfText: number;
  /** UTF-8 bytes of the prompts of the open questions. */
  readonly promptBytes: number;
  /** Tokens that the replies of the open questions may have at most. */
  readonly mostOutputTokens: number;
  /** Micro-dollars of the open questions at their worst; null where the price is not known. */
  readonly worstMicros: number | null;
  /** Some of the prompts, spread over the corpus. */
  readonly prompts: readonly string[];
  readonly known: KnownReplies;
}

export interface SurveyPorts {
  /** Where earlier runs' replies are. */
  readonly store: Store;
  readonly price: Price | null;
  /** The model that will answer; null: not known, and replies of earlier runs are not found. */
  readonly model: string | null;
  readonly onProgress?: (rows: number) => void;
  readonly signal?: AbortSignal;
}

/** Prompts that are kept to count their tokens. */
const PROMPTS_KEPT = 200;
const LATENCIES_KEPT = 1000;

/** Writes nothing into the store. Throws what prepareCorpus throws. */
export async function surveyRun(task: Task, input: DistillationInput, ports: SurveyPorts): Promise<Survey> {
  const scratch = await mkdtemp(join(tmpdir(), 'tutelage-plan-'));
  try {
    const store = await openStore(join(scratch, 'store'));
    const { manifest } = await prepareCorpus({
      task,
      corpus: input.corpus,
      gold: input.gold,
      store,
      env: process.env,
      runFolder: 'plan',
      knownChunks: await earlierChunks(ports.store, 'plan'),
      tempFolder: scratch,
      signal: ports.signal,
      onProgress: ({ rows }) => ports.onProgress?.(rows),
    });
    const tally = new Tally(task, ports);
    for (const chunk of manifest.chunks) {
      const rows = await chunkRows(store, chunk);
      const known = await reusableReplies(ports.store, chunk, rows, task.labels);
      for (const row of rows) tally.add(row, known);
    }
    return tally.survey(manifest.counts);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Row = Parameters<typeof questionOf>[2];

class Tally {
  private readonly plan: PlannedQuestion[];
  private readonly labels: string[];
  private texts = 0;
  private open = 0;
  private promptBytes = 0;
  private mostOutputTokens = 0;
  private worstMicros: number | null;
  private prompts: string[] = [];
  private keepEvery = 1;
  private readonly known = {
    replies: 0,
    counted: 0,
    inputTokens: 0,
    outputTokens: 0,
    promptBytes: 0,
    latencies: [] as number[],
    wholeTexts: 0,
    questionsUnderMajority: 0,
  };

  constructor(
    private readonly task: Task,
    private readonly teacher: Pick<SurveyPorts, 'model' | 'price'>,
  ) {
    this.plan = plannedQuestions(task);
    this.labels = task.labels.map((label) => label.name);
    this.worstMicros = teacher.price === null ? null : 0;
  }

  add(row: Row, known: ReadonlyMap<string, StoredReply>): void {
    this.texts++;
    const replies: StoredReply[] = [];
    for (const planned of this.plan) {
      const { key, request, worst } = questionOf(
        { task: this.task, price: this.teacher.price, jsonSchema: false },
        this.teacher,
        row,
        planned,
      );
      const prompt = request.messages.map(({ content }) => content).join('\n');
      const reply = known.get(key);
      if (reply === undefined) {
        this.open++;
        this.promptBytes += Buffer.byteLength(prompt);
        this.mostOutputTokens += planned.maxTokens;
        this.worstMicros = this.worstMicros === null || worst.micros === null ? null : this.worstMicros + worst.micros;
        this.keep(prompt);
      } else {
        replies.push(reply);
        this.learn(reply, Buffer.byteLength(prompt));
      }
    }
    if (replies.length < this.plan.length) return;
    const votes = replies.map(({ vote }) => vote);
    this.known.wholeTexts++;
    this.known.questionsUnderMajority += questionsUnderMajority(votes, this.labels, this.task.votes);
  }

  survey(counts: CorpusCounts): Survey {
    const { known, mostOutputTokens, open, plan, promptBytes, prompts, task, texts, worstMicros } = this;
    const agreed = plan.map(() => ({ label: this.labels[0] ?? null, reason: null, unreadable: null }));
    return {
      counts,
      texts,
      questions: texts * plan.length,
      open,
      fewestOfText: questionsUnderMajority(agreed, this.labels, task.votes),
      promptBytes,
      mostOutputTokens,
      worstMicros,
      prompts,
      known,
    };
  }

  /** Every n-th prompt, with n doubled whenever there are too many. */
  private keep(prompt: string): void {
    if (this.open % this.keepEvery !== 0) return;
    this.prompts.push(prompt);
    if (this.prompts.length <= PROMPTS_KEPT) return;
    this.prompts = this.prompts.filter((_, index) => index % 2 === 1);
    this.keepEvery *= 2;
  }

  private learn({ inputTokens, latencyMs, outputTokens }: StoredReply, promptBytes: number): void {
    const { known } = this;
    known.replies++;
    if (known.latencies.length < LATENCIES_KEPT && latencyMs > 0) known.latencies.push(latencyMs);
    if (inputTokens === null || outputTokens === null) return;
    known.counted++;
    known.inputTokens += inputTokens;
    known.outputTokens += outputTokens;
    known.promptBytes += promptBytes;
  }
}
