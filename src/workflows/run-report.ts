/** What a run tells of itself: the answer of the query `progress`, the board, the result. Pure. Longer than others: one method for
 *  each thing that a run may tell. */
import type {
  BatchProgress,
  DeploymentGateSettings,
  DeployOutcome,
  DistillationResult,
  EvaluateOutcome,
  GateCheck,
  GateName,
  GateOutcome,
  Pace,
  PreparedRun,
  Progress,
  ReviewNews,
  RevisionOutcome,
  Stage,
  TrainingNews,
  TrainingSummary,
  VoteOutcome,
} from '../contracts/index.js';
import { emptyCounts } from '../voting/index.js';
import { hostsOf, runBoard } from './board.js';
import {
  annotationFinding,
  budgetEvidence,
  type CountsOfSets,
  decisionInWords,
  evaluationFinding,
  preparedFinding,
  revisionInWords,
  trainingFinding,
  votesFinding,
} from './findings.js';
import { ReviewPages } from './review-pages.js';
import { type Reached, resultOf } from './run-result.js';

const IGNORED_KEPT = 10;
const IGNORED_LENGTH = 500;

/** What a gate shows. */
export interface Shown {
  readonly checks: GateCheck[];
  /** Markdown. */
  readonly evidence: string;
}

type BudgetWait = NonNullable<NonNullable<Progress['budget']>['waiting']>;

/** How the asking goes. */
interface Asking {
  /** That these texts have been asked about so far, pauses left out. */
  readonly seconds: number;
  /** Sent for them. */
  readonly calls: number;
  /** That have all their votes. */
  readonly texts: number;
  readonly pace: Pace | null;
  readonly batches: BatchProgress | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export class RunReport {
  readonly progress: Progress;
  private readonly findings: Partial<Record<Stage, string>> = {};
  private readonly reached: Reached = {};
  private readonly reviewPages = new ReviewPages();
  private endedEarly: string | null = null;

  /** onChange: told the board whenever something of it has changed. carried: of a run that has continued as new. */
  constructor(
    workflowId: string,
    private readonly onChange: (board: string) => void,
    carried: Progress | null = null,
  ) {
    this.progress = carried ?? {
      workflowId,
      task: null,
      stage: 'prepare',
      paused: false,
      pauseReason: null,
      texts: { done: 0, total: 0 },
      annotation: emptyCounts(),
      gold: emptyCounts(),
      callsAtMost: 0,
      teacherHost: null,
      callsPerSecond: null,
      pace: null,
      batches: null,
      secondsLeft: null,
      training: null,
      gates: {},
      waitingFor: null,
      budget: null,
      revisions: [],
      ignored: [],
    };
  }

  enter(stage: Stage): void {
    this.progress.stage = stage;
    this.progress.batches = null;
    this.progress.secondsLeft = null;
    this.progress.training = null;
    this.changed();
  }

  /** null: it goes on. */
  setPause(reason: string | null): void {
    this.progress.paused = reason !== null;
    this.progress.pauseReason = reason;
    this.changed();
  }

  ignore(what: string): void {
    this.progress.ignored = [...this.progress.ignored, what.slice(0, IGNORED_LENGTH)].slice(-IGNORED_KEPT);
    this.changed();
  }

  prepared(prepared: PreparedRun): void {
    this.reached.prepared = prepared;
    this.progress.task = prepared.taskName;
    this.progress.texts.total = prepared.textsAsked;
    this.progress.callsAtMost = prepared.callsAtMost;
    this.progress.teacherHost = hostsOf(prepared);
    this.findings.prepare = preparedFinding(prepared);
    this.changed();
  }

  /** done: of its texts, those that have all their votes. */
  asking({ callsAtMost, textsAsked }: Pick<PreparedRun, 'callsAtMost' | 'textsAsked'>, done: number): void {
    delete this.findings.annotate;
    this.progress.texts = { done, total: textsAsked };
    this.progress.callsAtMost = callsAtMost;
    this.progress.callsPerSecond = null;
    this.changed();
  }

  annotating({ corpus, gold }: CountsOfSets, { batches, calls, now, pace, seconds, texts }: Asking): void {
    this.progress.pace = pace;
    this.progress.batches = batches;
    this.setCounts({ corpus, gold });
    this.progress.texts.done = texts;
    if (seconds > 0 && texts > 0) {
      this.progress.callsPerSecond = calls / seconds;
      this.progress.secondsLeft = (seconds / texts) * (this.progress.texts.total - texts);
    }
    if (batches !== null) this.progress.secondsLeft = secondsLeftOf(batches, now);
    this.changed();
  }

  annotated(counts: CountsOfSets): void {
    this.setCounts(counts);
    const { prepared } = this.reached;
    if (prepared) this.progress.texts.total = prepared.textsAsked;
    this.progress.texts.done = counts.corpus.texts + counts.gold.texts;
    this.findings.annotate = annotationFinding(counts);
    this.changed();
  }

  /** After a failure or a cancellation. */
  settled(counts: CountsOfSets): void {
    this.setCounts(counts);
    this.progress.texts.done = counts.corpus.texts + counts.gold.texts;
    this.findings.annotate = `stopped: ${annotationFinding(counts)}`;
    this.changed();
  }

  voted(votes: VoteOutcome, corrected = ''): void {
    this.reached.votes = votes;
    this.findings.vote = votesFinding(votes.summary, corrected);
    this.changed();
  }

  /** The votes of a revision are counted. */
  revised(votes: VoteOutcome, revision: RevisionOutcome): void {
    this.progress.revisions = [...this.progress.revisions, revision];
    this.voted(votes, revisionInWords(revision));
  }

  /** Returns the command that would approve. */
  waitingFor(
    gate: GateName,
    shown: Shown,
    deadline: Date,
    afterDeadline: DeploymentGateSettings['afterDeadline'],
  ): string {
    const { remindersSent = 0, review = null } = this.progress.waitingFor ?? {};
    const command = (decision: GateOutcome['decision'], note: boolean) =>
      this.updateCommand('decide', { gate, decision, reviewer: 'YOUR-NAME', ...(note ? { note: 'WHY' } : {}) });
    const failing = shown.checks.some((check) => !check.passed);
    const approveCommand = command('approve', failing);
    this.progress.waitingFor = {
      gate,
      ...shown,
      deadline: deadline.toISOString(),
      afterDeadline,
      remindersSent,
      approveCommand,
      rejectCommand: command('reject', true),
      review,
    };
    this.changed();
    return approveCommand;
  }

  budget(budget: NonNullable<Progress['budget']>): void {
    this.progress.budget = budget;
    this.changed();
  }

  /** Returns what the wait shows: Markdown, and the command that would raise the budget. */
  waitingForBudget(
    suggested: BudgetWait['suggested'],
    deadline: Date,
  ): { readonly evidence: string; readonly approveCommand: string } {
    const { budget } = this.progress;
    if (budget === null) throw new RangeError('a run without a budget waits for more of it');
    const reviewer = 'YOUR-NAME';
    const raiseCommand = this.updateCommand('raiseBudget', { ...suggested, reviewer });
    const goOnCommand = this.updateCommand('raiseBudget', { goOn: true, reviewer });
    const waiting = { deadline: deadline.toISOString(), suggested, remindersSent: 0, raiseCommand, goOnCommand };
    this.budget({ ...budget, waiting });
    return { evidence: budgetEvidence(this.progress, budget.limits), approveCommand: raiseCommand };
  }

  /** Of a gate or of the budget: never both are waited for. */
  reminded(reminders: number): void {
    const waiting = this.progress.waitingFor ?? this.progress.budget?.waiting;
    if (waiting) waiting.remindersSent = reminders;
    this.changed();
  }

  /** News that comes when the gate is closed is old. */
  reviewed(news: ReviewNews): void {
    const { waitingFor } = this.progress;
    if (waitingFor?.gate !== 'labels') return;
    waitingFor.review = this.reviewPages.take(news);
    this.changed();
  }

  decided(gate: GateName, outcome: GateOutcome): void {
    this.progress.waitingFor = null;
    this.progress.gates[gate] = outcome;
    this.findings[`${gate} gate`] = decisionInWords(outcome);
    this.changed();
  }

  /** News that comes when the stage is over is old. */
  training(news: TrainingNews): void {
    if (this.progress.stage !== 'distill') return;
    this.progress.training = news;
    this.changed();
  }

  trained(student: TrainingSummary): void {
    this.reached.student = student;
    this.findings.distill = trainingFinding(student);
    this.changed();
  }

  evaluated(evaluated: EvaluateOutcome): void {
    this.reached.evaluated = evaluated;
    this.findings.evaluate = evaluationFinding(evaluated.summary);
    this.changed();
  }

  deployed(deployed: DeployOutcome): void {
    this.reached.deployed = deployed;
    this.findings.deploy = `version ${deployed.version} of ${this.progress.task} is deployed`;
    this.changed();
  }

  /** Before its last stage, for this reason. */
  ended(reason: string): void {
    this.endedEarly = reason;
    this.progress.waitingFor = null;
    if (this.progress.budget !== null) this.progress.budget.waiting = null;
    this.changed();
  }

  /** What the run has come to, now or at its end. */
  result(): DistillationResult {
    return resultOf(this.progress, this.reached);
  }

  private updateCommand(name: string, payload: Record<string, unknown>): string {
    const local = this.reached.prepared?.localServer;
    const server = local ? ` --address ${local}` : '';
    return `temporal workflow update execute${server} -w ${shellWord(this.progress.workflowId)} --name ${name} --input '${JSON.stringify(payload)}'`;
  }

  private changed(): void {
    const { endedEarly, findings, progress } = this;
    this.onChange(runBoard({ progress, findings, endedEarly }));
  }

  private setCounts({ corpus, gold }: CountsOfSets): void {
    this.progress.annotation = corpus;
    this.progress.gold = gold;
  }
}

function shellWord(word: string): string {
  return /^[\w./:@][\w./:@-]*$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** If the rest takes as long as what is answered, but not beyond the time when the provider gives up. null: nothing tells. */
function secondsLeftOf({ answered, due, requests, since }: BatchProgress, now: number): number | null {
  const untilDue = due === null ? null : Math.max(0, Date.parse(due) - now) / 1000;
  if (answered === 0) return untilDue;
  const left = ((now - Date.parse(since)) / 1000) * (requests / answered - 1);
  return untilDue === null ? left : Math.min(left, untilDue);
}
