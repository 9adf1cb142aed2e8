/** Votes of prompts and samples that are not equally good, and how far they agree. */
import { type LabelRow, type PreparedRun, type StoredReply, type Task, TextRow } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import {
  askedTeachers,
  chunkFolder,
  chunkReplies,
  type PlannedQuestion,
  plannedQuestions,
  questionName,
} from '../teachers/index.js';
import { type Aggregated, type Agreement, dawidSkene, weightedMajority } from '../voting/index.js';
import { readManifest } from './artifacts.js';

type Plan = readonly PlannedQuestion[];

/** Replies by text, teacher, prompt and sample. */
export function byQuestion(replies: ReadonlyMap<string, StoredReply>): Map<string, StoredReply> {
  return new Map([...replies.values()].map((reply) => [`${reply.textKey} ${questionName(reply)}`, reply]));
}

/** The votes for these questions, in their order; null where one is missing or can't be read. */
export function votesByQuestion(questions: Plan, votes: LabelRow['votes']): (string | null)[] {
  const byName = new Map(votes.map((vote) => [questionName(vote), vote.label]));
  return questions.map((question) => byName.get(questionName(question)) ?? null);
}

/** All texts' posteriors, in the order of the chunks, by task.votes.aggregation: each sample of a teacher's prompt is an annotator. Holds
 *  the votes of all texts in memory. */
export async function weighVotes(store: Store, prepared: PreparedRun, task: Task): Promise<Aggregated> {
  const plan = plannedQuestions(task);
  const votes: (string | null)[][] = [];
  for (const chunk of (await readManifest(store, prepared)).chunks) {
    const replies = byQuestion(await chunkReplies(store, chunkFolder(prepared.run.folder, chunk)));
    for await (const line of store.lines(chunk.file.path)) {
      const { key } = TextRow.parse(JSON.parse(line));
      votes.push(plan.map((question) => replies.get(`${key} ${questionName(question)}`)?.vote.label ?? null));
    }
  }
  const table = { votes, labels: task.labels.map((label) => label.name) };
  return task.votes.aggregation === 'weighted' ? weightedMajority(table) : dawidSkene(table);
}

/** Agreement and the annotators' quality for the person at the gate, as paragraphs. */
export function votesInWords(task: Task, agreement: Agreement, weighed: Aggregated | null): string[] {
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
  if (weighed === null) return paragraphs;
  const quality = weighed.quality.flatMap((share, index) => (share === null ? [] : `${name(index)} ${percent(share)}`));
  return [...paragraphs, `Votes are weighed (${task.votes.aggregation}); estimated right: ${quality.join(', ')}.`];
}
