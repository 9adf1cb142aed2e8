/** What a run would ask: the corpus prepared as the run would prepare it, its questions, and what is known of them already. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CorpusCounts,
  type DistillationInput,
  type Manifest,
  OWN_TEACHER,
  type StoredReply,
  type Task,
  type Vote,
} from '../contracts/index.js';
import { prepareCorpus, showExamples } from '../corpus/index.js';
import { openStore, type Store } from '../store/index.js';
import {
  type ByName,
  chunkRows,
  earlierChunks,
  type PlannedQuestion,
  type QuestionTeacher,
  questionOf,
  reusableReplies,
  VotePlan,
} from '../teachers/index.js';

/** Numbers that were seen, as far as their mean needs them. */
export interface Sample {
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
}

/** Replies of a teacher that the store holds to questions of this run. */
export interface KnownReplies {
  readonly replies: number;
  /** Tokens of the replies that the provider counted. */
  readonly outputTokens: Sample;
  /** Tokens of their prompts, and the UTF-8 bytes of these. */
  readonly inputTokens: number;
  readonly promptBytes: number;
  /** Milliseconds of each reply. */
  readonly latency: Sample;
}

/** Questions that nobody has paid for yet. */
export interface OpenQuestions {
  readonly count: number;
  /** UTF-8 bytes of their prompts. */
  readonly promptBytes: number;
  /** Tokens that their replies may have at most. */
  readonly mostOutputTokens: number;
  /** Micro-dollars at their worst; null where the price is not known. */
  readonly worstMicros: number | null;
}

export interface TeacherSurvey {
  /** As votes.plan calls it. */
  readonly name: string;
  /** Of votes that every text gets. */
  readonly always: OpenQuestions;
  /** Of votes that texts get whose earlier votes disagree, as if all did. */
  readonly ifDisputed: OpenQuestions;
  /** Some of the prompts, spread over the corpus. */
  readonly prompts: readonly string[];
  readonly known: KnownReplies;
  /** Of the whole texts, those that it was asked about because their votes disagreed. */
  readonly disputedTexts: number;
}

export interface Survey {
  readonly counts: CorpusCounts;
  /** Texts of corpus and gold rows that the teacher is asked about. */
  readonly texts: number;
  /** Questions of all texts if none stops early and the votes of all disagree. */
  readonly questions: number;
  /** Of these, the ones that nobody has paid for. */
  readonly open: number;
  /** Votes that every text gets, and the fewest of these that a text can end with under votes.stop = majority. */
  readonly alwaysOfText: number;
  readonly fewestOfText: number;
  /** Micro-dollars of the open questions at their worst; null where a price is not known. */
  readonly worstMicros: number | null;
  /** Texts whose replies are all known. */
  readonly wholeTexts: number;
  /** Of those, how many of the votes that every text gets it would have got had it stopped at the majority. */
  readonly underMajority: Sample;
  /** In the order of votes.plan. */
  readonly teachers: readonly TeacherSurvey[];
}

export interface SurveyPorts {
  /** Where earlier runs' replies are. */
  readonly store: Store;
  /** Those that votes.plan asks. model null: not known, and its replies of earlier runs are not found. */
  readonly teachers: ByName<QuestionTeacher>;
  readonly onProgress?: (rows: number) => void;
  readonly signal?: AbortSignal;
}

/** Prompts that are kept to count their tokens. */
const PROMPTS_KEPT = 200;

/** Writes nothing into the store. Throws what prepareCorpus and showExamples throw. */
export async function surveyRun(task: Task, input: DistillationInput, ports: SurveyPorts): Promise<Survey> {
  return preparedAside(task, input, ports, async ({ shown, store, manifest }) => {
    const tally = new Tally(shown, ports.teachers);
    for (const chunk of manifest.chunks) {
      const rows = await chunkRows(store, chunk);
      const known = await reusableReplies(ports.store, chunk, rows, task.labels);
      for (const row of rows) tally.add(row, known);
    }
    return tally.survey(manifest.counts);
  });
}

/** Reads the rows as the run would, for what is wrong with them. Throws what surveyRun throws. */
export async function checkRows(task: Task, input: DistillationInput): Promise<void> {
  await preparedAside(task, input, { store: null }, async () => {});
}

/** The corpus prepared as the run would prepare it, in a folder that is gone after the work. */
async function preparedAside<Result>(
  task: Task,
  input: DistillationInput,
  { store: known, signal, onProgress }: Pick<SurveyPorts, 'onProgress' | 'signal'> & { readonly store: Store | null },
  work: (prepared: { shown: Task; store: Store; manifest: Manifest }) => Promise<Result>,
): Promise<Result> {
  const scratch = await mkdtemp(join(tmpdir(), 'tutelage-plan-'));
  try {
    const store = await openStore(join(scratch, 'store'));
    const { manifest } = await prepareCorpus({
      task,
      corpus: input.corpus,
      gold: input.gold,
      store,
      storeIsScratch: true,
      env: process.env,
      runFolder: 'plan',
      knownChunks: known === null ? [] : await earlierChunks(known, 'plan'),
      tempFolder: scratch,
      signal,
      onProgress: ({ rows }) => onProgress?.(rows),
    });
    const { task: shown } = await showExamples(task, { store, manifest }, process.env);
    return await work({ shown, store, manifest });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Row = Parameters<typeof questionOf>[2];

class Tally {
  private readonly plan: VotePlan;
  private readonly underMajority: VotePlan;
  private readonly ofTeachers: ReadonlyMap<string, TeacherTally>;
  private texts = 0;
  private wholeTexts = 0;
  private readonly untilMajority = new Tallied();

  constructor(
    private readonly task: Task,
    private readonly teachers: ByName<QuestionTeacher>,
  ) {
    this.plan = new VotePlan(task, { ...task.votes, stop: 'all' });
    this.underMajority = new VotePlan(task, { ...task.votes, stop: 'majority' });
    this.ofTeachers = new Map([...teachers.keys()].map((name) => [name, new TeacherTally()]));
  }

  add(row: Row, known: ReadonlyMap<string, StoredReply>): void {
    this.texts++;
    const questions = this.plan.questions.map((planned) => {
      const asked = this.teachers.get(planned.teacher)!;
      return { planned, tally: this.ofTeachers.get(planned.teacher)!, ...questionOf(this.task, asked, row, planned) };
    });
    const { always, finished, replies } = this.plan.take((_, index) => known.get(questions[index]!.key));
    for (const question of questions) {
      const reply = known.get(question.key);
      if (reply !== undefined) question.tally.learn(reply, promptOf(question));
      else if (!finished) question.tally.open(question);
    }
    if (!finished) return;
    this.wholeTexts++;
    const stopped = this.underMajority.take((_, index) => known.get(questions[index]!.key));
    this.untilMajority.add(stopped.always.length);
    const again = new Set(replies.slice(always.length).map(({ teacher = OWN_TEACHER }) => teacher));
    for (const name of again) this.ofTeachers.get(name)!.disputedTexts++;
  }

  survey(counts: CorpusCounts): Survey {
    const { plan, task, texts, untilMajority, wholeTexts } = this;
    const teachers = [...this.ofTeachers].map(([name, tally]) => tally.survey(name));
    const open = teachers.flatMap(({ always, ifDisputed }) => [always, ifDisputed]);
    const agreed: Vote = { label: task.labels[0]!.name, reason: null, unreadable: null };
    return {
      counts,
      texts,
      questions: texts * plan.questions.length,
      open: open.reduce((sum, { count }) => sum + count, 0),
      alwaysOfText: plan.always.length,
      fewestOfText: this.underMajority.take(() => ({ vote: agreed })).replies.length,
      worstMicros: open.reduce((sum: number | null, { worstMicros }) => addKnown(sum, worstMicros), 0),
      wholeTexts,
      underMajority: untilMajority.sample,
      teachers,
    };
  }
}

type OpenQuestion = ReturnType<typeof questionOf> & { readonly planned: PlannedQuestion };

const NO_QUESTIONS: OpenQuestions = { count: 0, promptBytes: 0, mostOutputTokens: 0, worstMicros: 0 };

/** What is asked of one teacher. */
class TeacherTally {
  disputedTexts = 0;
  private readonly openAlways: { -readonly [Key in keyof OpenQuestions]: OpenQuestions[Key] } = { ...NO_QUESTIONS };
  private readonly openIfDisputed: { -readonly [Key in keyof OpenQuestions]: OpenQuestions[Key] } = { ...NO_QUESTIONS };
  private prompts: string[] = [];
  private seen = 0;
  private keepEvery = 1;
  private replies = 0;
  private inputTokens = 0;
  private promptBytes = 0;
  private readonly outputTokens = new Tallied();
  private readonly latency = new Tallied();

  open(question: OpenQuestion): void {
    const { planned, worst } = question;
    const prompt = promptOf(question);
    const open = planned.when === 'always' ? this.openAlways : this.openIfDisputed;
    open.count++;
    open.promptBytes += Buffer.byteLength(prompt);
    open.mostOutputTokens += planned.maxTokens;
    open.worstMicros = addKnown(open.worstMicros, worst.micros);
    this.keep(prompt);
  }

  learn({ inputTokens, latencyMs, outputTokens }: StoredReply, prompt: string): void {
    this.replies++;
    if (latencyMs > 0) this.latency.add(latencyMs);
    if (inputTokens === null || outputTokens === null) return;
    this.inputTokens += inputTokens;
    this.promptBytes += Buffer.byteLength(prompt);
    this.outputTokens.add(outputTokens);
  }

  survey(name: string): TeacherSurvey {
    const { disputedTexts, inputTokens, promptBytes, prompts, replies } = this;
    const [outputTokens, latency] = [this.outputTokens.sample, this.latency.sample];
    return {
      name,
      always: this.openAlways,
      ifDisputed: this.openIfDisputed,
      prompts,
      known: { replies, outputTokens, inputTokens, promptBytes, latency },
      disputedTexts,
    };
  }

  /** Every n-th prompt, with n doubled whenever there are too many. */
  private keep(prompt: string): void {
    if (++this.seen % this.keepEvery !== 0) return;
    this.prompts.push(prompt);
    if (this.prompts.length <= PROMPTS_KEPT) return;
    this.prompts = this.prompts.filter((_, index) => index % 2 === 1);
    this.keepEvery *= 2;
  }
}

class Tallied {
  private count = 0;
  private sum = 0;
  private squares = 0;

  get sample(): Sample {
    return { count: this.count, sum: this.sum, squares: this.squares };
  }

  add(value: number): void {
    this.count++;
    this.sum += value;
    this.squares += value * value;
  }
}

function promptOf({ request }: Pick<OpenQuestion, 'request'>): string {
  return request.messages.map(({ content }) => content).join('\n');
}

function addKnown(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
