/** The vote plan spelled out: which questions a text gets, in which waves they are asked, and which votes decide. What is asked
 *  next follows from the votes alone, so that a chunk that is taken up again asks what it would have asked. */
import { OWN_TEACHER, type PlannedVotes, type Task, type Vote, type VoteSettings } from '../contracts/index.js';
import { hasLeader, outcomeIsFixed } from '../voting/index.js';
import { teacherSettings } from './asked-teacher.js';

const UNREADABLE_VOTE: Vote = { label: null, reason: null, unreadable: 'no-label' };

export interface PlannedQuestion extends PlannedVotes {
  /** Counts the samples of one prompt of one teacher through the whole plan, from 0. */
  readonly sample: number;
  /** null where the teacher is sent no seeds. */
  readonly seed: number | null;
}

/** Votes that are asked for together. */
interface Level {
  readonly when: PlannedVotes['when'];
  /** Indices of its questions: from first up to end, exclusive. */
  readonly first: number;
  readonly end: number;
}

/** What of a text's known replies the plan asks for. */
export interface TakenReplies<Reply> {
  /** In the order of the plan. */
  readonly replies: readonly Reply[];
  /** Their votes give the label. */
  readonly deciding: readonly Reply[];
  /** Of those that every text is asked for. */
  readonly always: readonly Reply[];
  /** Questions of the levels that were begun. */
  readonly planned: number;
  /** Nothing is missing. */
  readonly finished: boolean;
}

/** The questions of a text, in the order of the plan. */
export function plannedQuestions(task: Pick<Task, 'teacher' | 'teachers' | 'votes'>): PlannedQuestion[] {
  const asked = new Map<string, number>();
  const questions: PlannedQuestion[] = [];
  for (const planned of task.votes.plan) {
    const { seed, sendSeed } = teacherSettings(task, planned.teacher);
    const counted = `${planned.teacher} ${planned.prompt}`;
    for (let k = 0; k < planned.samples; k++) {
      const sample = asked.get(counted) ?? 0;
      asked.set(counted, sample + 1);
      questions.push({ ...planned, sample, seed: sendSeed ? seed + sample : null });
    }
  }
  return questions;
}

/** What tells a reply, a vote or a question about a text from the others. */
export function questionName({
  teacher,
  prompt,
  sample,
}: {
  teacher?: string | undefined;
  prompt: string;
  sample: number;
}): string {
  return `${teacher ?? OWN_TEACHER} ${prompt} ${sample}`;
}

export class VotePlan {
  readonly questions: readonly PlannedQuestion[];
  private readonly levels: readonly Level[];
  private readonly labels: readonly string[];

  constructor(
    task: Task,
    private readonly settings: VoteSettings = task.votes,
  ) {
    this.questions = plannedQuestions(task);
    this.levels = levelsOf(this.questions);
    this.labels = task.labels.map((label) => label.name);
  }

  /** Questions that every text is asked. */
  get always(): readonly PlannedQuestion[] {
    return this.questions.slice(0, this.levels[0]?.end);
  }

  /** Indices of the questions to ask now; none: the text has its votes. votes: by the index of their question. */
  next(votes: readonly (Vote | undefined)[]): number[] {
    const before: Vote[] = [];
    for (const { when, first, end } of this.levels) {
      if (!this.isDue(when, before)) continue;
      const given = votesFrom(votes, first, end);
      const counted = this.settings.escalated === 'count' ? [...before, ...given] : given;
      const wave = nextWave(counted, counted.length - given.length + end - first, this.labels, this.settings);
      if (wave > 0) return Array.from({ length: wave }, (_, index) => first + given.length + index);
      before.push(...given);
    }
    return [];
  }

  /** What a run takes of the replies that it knows, however many of them others had asked for. */
  take<Reply extends { readonly vote: Vote }>(
    known: (question: PlannedQuestion, index: number) => Reply | undefined,
  ): TakenReplies<Reply> {
    const votes: (Vote | undefined)[] = [];
    const taken: (Reply | undefined)[] = [];
    let finished = true;
    for (let due = this.next(votes); finished && due.length > 0; due = this.next(votes)) {
      for (const index of due) {
        const reply = known(this.questions[index]!, index);
        if (reply === undefined) finished = false;
        taken[index] = reply;
        votes[index] = reply?.vote;
      }
    }
    const ofLevels = this.levels
      .map(({ first, end }) => ({ size: end - first, replies: repliesFrom(taken, first, end) }))
      .filter(({ replies }) => replies.length > 0);
    const replies = ofLevels.flatMap((level) => level.replies);
    const last = ofLevels.findLast((level) => level.replies.some(({ vote }) => vote.label !== null));
    return {
      replies,
      deciding: this.settings.escalated === 'count' ? replies : (last?.replies ?? replies),
      always: repliesFrom(taken, 0, this.always.length),
      planned: ofLevels.reduce((sum, { size }) => sum + size, 0),
      finished,
    };
  }

  private isDue(when: Level['when'], before: readonly Vote[]): boolean {
    if (when === 'always') return true;
    if (when === 'tie') return !hasLeader({ votes: before, labels: this.labels, settings: this.settings });
    return new Set(before.flatMap(({ label }) => label ?? [])).size !== 1;
  }
}

/** How many further questions to ask now, given the votes so far: 0 when all are asked.
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

/** All that every text gets is one level; then each run of entries for the same texts and the same teacher. */
function levelsOf(questions: readonly PlannedQuestion[]): Level[] {
  const levels: Level[] = [];
  for (const [index, { teacher, when }] of questions.entries()) {
    const before = questions[index - 1];
    const goesOn = before?.when === when && (when === 'always' || before.teacher === teacher);
    if (goesOn) levels.push({ ...levels.pop()!, end: index + 1 });
    else levels.push({ when, first: index, end: index + 1 });
  }
  return levels;
}

/** Up to the first that is missing. */
function votesFrom(votes: readonly (Vote | undefined)[], first: number, end: number): Vote[] {
  const found: Vote[] = [];
  for (let index = first; index < end; index++) {
    const vote = votes[index];
    if (vote === undefined) break;
    found.push(vote);
  }
  return found;
}

function repliesFrom<Reply>(taken: readonly (Reply | undefined)[], first: number, end: number): Reply[] {
  return taken.slice(first, end).filter((reply) => reply !== undefined) as Reply[];
}

function leaderOf(votes: readonly Vote[], labels: readonly string[]): string | null {
  const counts = new Map<string, number>(labels.map((label) => [label, 0]));
  for (const { label } of votes) if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return labels.find((label) => counts.get(label) === most) ?? null;
}
