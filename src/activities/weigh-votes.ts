/** Votes of prompts and samples that are not equally good, and how far they agree. */
import { setImmediate } from 'node:timers/promises';
import type { LabelRow, StoredReply, Task } from '../contracts/index.js';
import { askedTeachers, type PlannedQuestion, plannedQuestions, questionName } from '../teachers/index.js';
import {
  type Aggregated,
  type Agreement,
  dawidSkene,
  majority,
  VoteCombinations,
  type VoteTable,
  weightedMajority,
} from '../voting/index.js';
import type { AnsweredTexts } from './answered-texts.js';

type Plan = readonly PlannedQuestion[];

/** The votes for these questions, in their order; null where one is missing or can't be read. */
export function votesByQuestion(
  questions: Plan,
  votes: readonly Pick<LabelRow['votes'][number], 'teacher' | 'prompt' | 'sample' | 'label'>[],
): (string | null)[] {
  const byName = new Map(votes.map((vote) => [questionName(vote), vote.label]));
  return questions.map((question) => byName.get(questionName(question)) ?? null);
}

/** How the votes of a run become labels. */
export interface Weighing {
  readonly method: Method;
  /** null: plain majority, which needs no other text. */
  readonly aggregated: WeighedVotes | null;
  /** What `auto` chose from. */
  readonly tried: readonly { readonly method: Method; readonly right: number }[];
  /** Gold rows that it was chosen on. */
  readonly goldRows: number;
}

interface WeighedVotes {
  /** Of a text with these replies. */
  readonly posteriorOf: (replies: readonly StoredReply[]) => readonly number[];
  /** As in Aggregated. */
  readonly quality: Aggregated['quality'];
}

type Method = Exclude<Task['votes']['aggregation'], 'auto'>;

/** The simplest first: of equally good ones it is taken. */
const METHODS: Readonly<Record<Method, (table: VoteTable) => Aggregated | Promise<Aggregated>>> = {
  majority,
  weighted: weightedMajority,
  'dawid-skene': (table) => dawidSkene(table, othersTurn),
};

/** Lets heartbeats and other activities of the process go on. */
export function othersTurn(): Promise<void> {
  return setImmediate();
}

/** Each sample of a teacher's prompt is an annotator. Holds the combinations of votes that occur, and none of the texts. */
export async function weighVotes(texts: AnsweredTexts, task: Task): Promise<Weighing> {
  const asked = task.votes.aggregation;
  if (asked === 'majority') return { method: asked, aggregated: null, tried: [], goldRows: 0 };
  const plan = plannedQuestions(task);
  const combinations = new VoteCombinations();
  /** Of the gold rows that are set apart for the gate. */
  const gold: GoldVotes[] = [];
  for await (const chunk of texts()) {
    for (const { row, taken } of chunk) {
      const { votes } = combinations.add(votesOf(plan, taken.replies));
      if (row.gateGold && row.gold !== null) gold.push({ votes, label: row.gold });
    }
  }
  const all = combinations.all;
  const labels = task.labels.map((label) => label.name);
  const table = { votes: all.map(({ votes }) => votes), times: all.map(({ times }) => times), labels };
  const chosen = asked === 'auto' ? await chooseMethod(table, gold) : { method: asked, tried: [] };
  const { method, tried } = chosen;
  const aggregated = method === 'majority' ? null : weighed(table, await METHODS[method](table), plan);
  return { method, aggregated, tried, goldRows: asked === 'auto' ? gold.length : 0 };
}

interface GoldVotes {
  readonly votes: VoteTable['votes'][number];
  readonly label: string;
}

/** The method that is right on the most of these texts. Texts whose best labels draw count as wrong. */
export async function chooseMethod(
  table: VoteTable,
  gold: readonly GoldVotes[],
): Promise<{ readonly method: Method; readonly tried: Weighing['tried'] }> {
  const indexOf = indexByVotes(table);
  const tried: { method: Method; right: number }[] = [];
  for (const method of Object.keys(METHODS) as Method[]) {
    const { posteriors } = await METHODS[method](table);
    const right = gold.filter(({ label, votes }) => {
      const posterior = posteriors[indexOf(votes)]!;
      const most = Math.max(...posterior);
      const leaders = table.labels.filter((_, index) => posterior[index] === most);
      return leaders.length === 1 && leaders[0] === label;
    }).length;
    tried.push({ method, right });
  }
  const best = tried.reduce((one, other) => (other.right > one.right ? other : one));
  return { method: best.method, tried };
}

function weighed(table: VoteTable, { posteriors, quality }: Aggregated, plan: Plan): WeighedVotes {
  const indexOf = indexByVotes(table);
  return { quality, posteriorOf: (replies) => posteriors[indexOf(votesOf(plan, replies))]! };
}

function indexByVotes({ votes }: VoteTable): (votes: VoteTable['votes'][number]) => number {
  const indices = new Map(votes.map((each, index) => [JSON.stringify(each), index]));
  return (each) => {
    const index = indices.get(JSON.stringify(each));
    if (index === undefined) throw new RangeError('a text has votes that it had not when they were weighed');
    return index;
  };
}

function votesOf(plan: Plan, replies: readonly StoredReply[]): (string | null)[] {
  return votesByQuestion(
    plan,
    replies.map((reply) => ({ ...reply, label: reply.vote.label })),
  );
}

/** Agreement and the annotators' quality for the person at the gate, as paragraphs. */
export function votesInWords(task: Task, agreement: Agreement, weighing: Weighing): string[] {
  const { alpha, alphaInterval, perLabel, perPair, raw } = agreement;
  if (alpha === null || alphaInterval === null || raw === null) return [];
  const plan = plannedQuestions(task);
  const several = askedTeachers(task).size > 1;
  const name = (index: number) => {
    const { prompt, sample, teacher } = plan[index]!;
    return `${several ? `${teacher} ` : ''}${prompt} ${sample + 1}`;
  };
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const interval = `${Number((100 * task.evaluation.confidence).toFixed(2))} % interval`;
  const labels = Object.entries(perLabel).filter((entry): entry is [string, number] => entry[1] !== null);
  const [label, least] = labels.reduce((a, b) => (b[1] < a[1] ? b : a));
  const pair = perPair.reduce((a, b) => (b.share < a.share ? b : a));
  const paragraphs = [
    `Two votes about a text agree in ${percent(raw)} of cases; alpha is ${alpha.toFixed(3)} (${interval} ${alphaInterval.low.toFixed(3)} to ${alphaInterval.high.toFixed(3)}). They agree least on ${label} (alpha ${least.toFixed(3)}), and least between ${name(pair.first)} and ${name(pair.second)} (${percent(pair.share)}).`,
  ];
  const { aggregated, goldRows, method, tried } = weighing;
  if (tried.length > 0) {
    const counts = tried.map((each) => `${each.method} ${each.right}`).join(', ');
    paragraphs.push(
      `Of ${goldRows} gold rows set apart for this gate, these ways to weigh the votes are right on: ${counts}. Taken: ${method}.`,
    );
  }
  if (aggregated === null) return paragraphs;
  const quality = aggregated.quality.flatMap((share, index) =>
    share === null ? [] : `${name(index)} ${percent(share)}`,
  );
  return [...paragraphs, `Votes are weighed (${method}); estimated right: ${quality.join(', ')}.`];
}
