/** The vote plan spelled out: which questions a text gets, and in which waves they are asked. */
import type { PlannedVotes, Task, Vote, VoteSettings } from '../contracts/index.js';
import { outcomeIsFixed } from '../voting/index.js';

const UNREADABLE_VOTE: Vote = { label: null, reason: null, unreadable: 'no-label' };

export interface PlannedQuestion extends PlannedVotes {
  /** Counts the samples of one prompt style through the whole plan, from 0. */
  readonly sample: number;
  /** null where the task does not send seeds. */
  readonly seed: number | null;
}

/** The questions of a text, in the order of the plan. */
export function plannedQuestions(task: Task): PlannedQuestion[] {
  const asked = new Map<string, number>();
  const questions: PlannedQuestion[] = [];
  for (const planned of task.votes.plan) {
    for (let k = 0; k < planned.samples; k++) {
      const sample = asked.get(planned.prompt) ?? 0;
      asked.set(planned.prompt, sample + 1);
      questions.push({ ...planned, sample, seed: task.teacher.sendSeed ? task.teacher.seed + sample : null });
    }
  }
  return questions;
}

/** How many further questions to ask now, given the votes so far: 0 when the plan is finished.
 *  Under `majority` as few as could settle the outcome are asked at once, so no call is spent on a settled text. */
export function nextWave(
  votes: readonly Vote[],
  planned: number,
  labels: readonly string[],
  settings: VoteSettings,
): number {
  const left = planned - votes.length;
  if (left === 0 || settings.stop === 'all') return left;
  const fixedBy = (more: readonly Vote[]) =>
    outcomeIsFixed({ votes: [...votes, ...more], votesPlanned: planned, labels, settings });
  let wave = 0;
  // The soonest that votes can settle it: all for the label that leads, or none readable.
  const leading = { ...UNREADABLE_VOTE, label: leaderOf(votes, labels) };
  while (wave < left && ![leading, UNREADABLE_VOTE].some((vote) => fixedBy(Array(wave).fill(vote)))) wave++;
  return wave;
}

/** Questions that `majority` asks before it stops, if the votes come as they did. */
export function questionsUnderMajority(
  votes: readonly Vote[],
  labels: readonly string[],
  settings: VoteSettings,
): number {
  const majority = { ...settings, stop: 'majority' as const };
  let asked = 0;
  for (;;) {
    const wave = nextWave(votes.slice(0, asked), votes.length, labels, majority);
    if (wave === 0) return asked;
    asked += wave;
  }
}

function leaderOf(votes: readonly Vote[], labels: readonly string[]): string | null {
  const counts = new Map<string, number>(labels.map((label) => [label, 0]));
  for (const { label } of votes) if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return labels.find((label) => counts.get(label) === most) ?? null;
}
