/** How the votes of a run become labels: votes of prompts and samples that are not equally good may be weighed. */
import { setImmediate } from 'node:timers/promises';
import { asksEveryVote, type LabelRow, type StoredReply, type Task, type Weighing } from '../contracts/index.js';
import { type PlannedQuestion, plannedQuestions, questionName } from '../teachers/index.js';
import {
  type Aggregated,
  aggregate,
  chooseMethod,
  indexByVotes,
  type KnownText,
  VoteCombinations,
  type VoteTable,
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

export interface WeighedVotes {
  /** null: the plain majority, and there was nothing to choose from. */
  readonly weighing: Weighing | null;
  /** null: votes count alike, and no other text matters. */
  readonly weights: {
    /** Of a text with these replies. */
    readonly posteriorOf: (replies: readonly StoredReply[]) => readonly number[];
    /** As in Aggregated. */
    readonly quality: Aggregated['quality'];
  } | null;
}

/** Lets heartbeats and other activities of the process go on. */
export function othersTurn(): Promise<void> {
  return setImmediate();
}

/** Each sample of a teacher's prompt is an annotator. Reads the texts only where votes are weighed or gold rows choose, and then
 *  holds the combinations of votes that occur. goldRows: of the run. */
export async function weighVotes(texts: AnsweredTexts, task: Task, goldRows: number): Promise<WeighedVotes> {
  const { aggregation } = task.votes;
  if (aggregation === 'majority') return { weighing: null, weights: null };
  if (aggregation !== 'auto') {
    const { plan, table } = await tableOf(texts, task);
    const aggregated = await aggregate(aggregation, table, othersTurn);
    return { weighing: { method: aggregation, why: 'task', gold: null }, weights: weightsOf(table, aggregated, plan) };
  }
  const byMajority = (why: Weighing['why'] | null): WeighedVotes => ({
    weighing: why && { method: 'majority', why, gold: null },
    weights: null,
  });
  if (task.evaluation.goldShareForGate === 0 || plannedQuestions(task).length < 2) return byMajority(null);
  if (goldRows === 0) return byMajority('no gold rows');
  if (!asksEveryVote(task.votes)) return byMajority('not every vote');
  if (task.votes.unreadable !== 'drop') return byMajority('unreadable votes');
  const { gold, plan, table } = await tableOf(texts, task);
  if (gold.length === 0) return byMajority('no gold rows');
  const { aggregated, method, right } = await chooseMethod(table, gold, othersTurn);
  return {
    weighing: { method, why: 'gold rows', gold: { rows: gold.length, right: [...right] } },
    weights: method === 'majority' ? null : weightsOf(table, aggregated, plan),
  };
}

/** gold: the texts set apart for the gate. */
async function tableOf(texts: AnsweredTexts, task: Task): Promise<{ table: VoteTable; gold: KnownText[]; plan: Plan }> {
  const plan = plannedQuestions(task);
  const combinations = new VoteCombinations();
  const gold: KnownText[] = [];
  for await (const { row, taken } of texts()) {
    const { votes } = combinations.add(votesOf(plan, taken.replies));
    if (row.gateGold && row.gold !== null) gold.push({ votes, label: row.gold });
  }
  const all = combinations.all;
  const labels = task.labels.map((label) => label.name);
  return {
    table: { votes: all.map(({ votes }) => votes), times: all.map(({ times }) => times), labels },
    gold,
    plan,
  };
}

function weightsOf(table: VoteTable, { posteriors, quality }: Aggregated, plan: Plan): WeighedVotes['weights'] {
  const indexOf = indexByVotes(table);
  return { quality, posteriorOf: (replies) => posteriors[indexOf(votesOf(plan, replies))]! };
}

function votesOf(plan: Plan, replies: readonly StoredReply[]): (string | null)[] {
  return votesByQuestion(
    plan,
    replies.map((reply) => ({ ...reply, label: reply.vote.label })),
  );
}
