/** Votes of prompts and samples that are not equally good, and how far they agree. */
import type { LabelRow, Task } from '../contracts/index.js';
import { askedTeachers, type PlannedQuestion, plannedQuestions, questionName } from '../teachers/index.js';
import {
  type Aggregated,
  type Agreement,
  dawidSkene,
  majority,
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
  /** In the order of the chunks' texts; null: plain majority, which needs no other text. */
  readonly aggregated: Aggregated | null;
  /** What `auto` chose from. */
  readonly tried: readonly { readonly method: Method; readonly right: number }[];
  /** Gold rows that it was chosen on. */
  readonly goldRows: number;
}

type Method = Exclude<Task['votes']['aggregation'], 'auto'>;

/** The simplest first: of equally good ones it is taken. */
const METHODS: Readonly<Record<Method, (table: VoteTable) => Aggregated>> = {
  majority,
  weighted: weightedMajority,
  'dawid-skene': dawidSkene,
};

/** Each sample of a teacher's prompt is an annotator. Holds the votes of all texts in memory, but for the plain majority. */
export async function weighVotes(texts: AnsweredTexts, task: Task): Promise<Weighing> {
  const asked = task.votes.aggregation;
  if (asked === 'majority') return { method: asked, aggregated: null, tried: [], goldRows: 0 };
  const plan = plannedQuestions(task);
  const votes: (string | null)[][] = [];
  /** Of the gold rows that are set apart for the gate. */
  const gold = new Map<number, string>();
  for await (const { row, taken } of texts()) {
    if (row.gateGold && row.gold !== null) gold.set(votes.length, row.gold);
    const named = taken.replies.map((reply) => ({ ...reply, label: reply.vote.label }));
    votes.push(votesByQuestion(plan, named));
  }
  const table = { votes, labels: task.labels.map((label) => label.name) };
  if (asked !== 'auto') return { method: asked, aggregated: METHODS[asked](table), tried: [], goldRows: 0 };
  return chooseWeighing(table, gold);
}

/** The method that is right on the most of these texts, by their numbers. Texts whose best labels draw count as wrong. */
export function chooseWeighing(table: VoteTable, gold: ReadonlyMap<number, string>): Weighing {
  const tried = (Object.keys(METHODS) as Method[]).map((method) => {
    const aggregated = METHODS[method](table);
    let right = 0;
    for (const [text, label] of gold) {
      const posterior = aggregated.posteriors[text]!;
      const most = Math.max(...posterior);
      const leaders = table.labels.filter((_, index) => posterior[index] === most);
      if (leaders.length === 1 && leaders[0] === label) right++;
    }
    return { method, right, aggregated };
  });
  const best = tried.reduce((one, other) => (other.right > one.right ? other : one));
  return {
    method: best.method,
    aggregated: best.method === 'majority' ? null : best.aggregated,
    tried: tried.map(({ method, right }) => ({ method, right })),
    goldRows: gold.size,
  };
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
