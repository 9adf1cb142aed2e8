/** A run that goes on, in the terminal: bars where there is one, else lines. Everything goes to stderr. */
import { SingleBar } from 'cli-progress';
import pc from 'picocolors';
import {
  type ChunkProgress,
  counted,
  type Progress,
  type RevisionOutcome,
  type TrainingNews,
} from '../contracts/index.js';
import { addCounts } from '../voting/index.js';
import { checkLine } from './check-line.js';
import { plainMarkdown } from './plain-markdown.js';

const LINE_EVERY_MS = 5000;

/** Of the activities at work; null: of the other stages. */
export interface AtWork {
  readonly chunks: ChunkProgress | null;
  readonly training: TrainingNews | null;
  /** Why the training is tried again; null: it is not. */
  readonly trouble: string | null;
}

export const NOTHING_AT_WORK: AtWork = { chunks: null, training: null, trouble: null };

type BudgetWait = NonNullable<NonNullable<Progress['budget']>['waiting']>;

export class RunView {
  private readonly terminal = process.stderr.isTTY === true;
  private stage: Progress['stage'] | null = null;
  private bar: SingleBar | null = null;
  private lastLineAt = 0;
  private lastLine = '';
  /** Deadline of the gate that was shown: one that opens anew has another. */
  private shownGate: string | null = null;
  private shownDeadline: string | null = null;
  private silent = false;
  private shownIgnored: readonly string[] = [];
  private paused = false;
  private mostTexts = 0;
  private mostCalls = 0;
  private shownRevisions = 0;
  private shownTrouble: string | null = null;

  show(progress: Progress, { chunks, training, trouble }: AtWork): void {
    this.silent = false;
    if (progress.stage !== this.stage) {
      this.stopBar();
      this.stage = progress.stage;
      this.mostTexts = 0;
      if (progress.stage !== 'done') this.line(pc.bold(`▸ ${headline(progress)}`));
    }
    if (progress.paused !== this.paused) {
      this.paused = progress.paused;
      this.line(
        progress.paused
          ? pc.yellow(`  paused: ${progress.pauseReason ?? ''}. Go on with: tutelage resume ${progress.workflowId}`)
          : '  goes on',
      );
    }
    for (const ignored of newOf(this.shownIgnored, progress.ignored)) this.line(pc.yellow(`  ignored ${ignored}`));
    this.shownIgnored = progress.ignored;
    for (const revision of progress.revisions.slice(this.shownRevisions)) this.line(`  ${revisionLine(revision)}`);
    this.shownRevisions = progress.revisions.length;
    if (progress.stage === 'annotate') this.showAnnotation(progress, chunks);
    if (trouble !== null && trouble !== this.shownTrouble) this.line(pc.yellow(`  ${trouble}`));
    this.shownTrouble = trouble;
    if (training !== null) this.showTraining(training);
    const budget = progress.budget?.waiting;
    if (budget && budget.deadline !== this.shownDeadline) this.showBudget(progress.workflowId, budget);
    if (progress.waitingFor !== null && progress.waitingFor.deadline !== this.shownGate) this.showGate(progress);
  }

  /** No worker answered. */
  showSilence(): void {
    if (this.silent) return;
    this.silent = true;
    this.line(
      pc.yellow('  no worker answers; the run is safe and goes on when one does (start workers with: tutelage up)'),
    );
  }

  close(): void {
    this.stopBar();
  }

  private showAnnotation(progress: Progress, beating: ChunkProgress | null): void {
    const both = addCounts(progress.annotation, progress.gold);
    // Heartbeats of a worker that died start again at nothing; what was done stays done.
    this.mostTexts = Math.max(this.mostTexts, Math.min(progress.texts.total, both.texts + (beating?.texts ?? 0)));
    this.mostCalls = Math.max(this.mostCalls, both.calls + (beating?.calls ?? 0));
    const [texts, calls] = [this.mostTexts, this.mostCalls];
    const numbers = [
      counted(calls, 'call'),
      both.reused === 0 ? null : `${counted(both.reused, 'reply', 'replies')} reused`,
      // Known of finished chunks only.
      ...(both.calls === 0
        ? []
        : [
            `${both.unreadable} unreadable`,
            `${both.uncertain} uncertain`,
            counted(both.inputTokens + both.outputTokens, 'token'),
            both.spentMicros === null ? null : `$${(both.spentMicros / 1e6).toFixed(4)}`,
          ]),
      progress.batches === null ? null : batchesInWords(progress.batches),
      progress.callsPerSecond === null ? null : `${progress.callsPerSecond.toFixed(1)}/s`,
      progress.secondsLeft === null ? null : `${inTime(progress.secondsLeft)} left`,
    ]
      .filter((each) => each !== null)
      .join(' · ');
    this.showNumbers(texts, progress.texts.total, `${texts} of ${counted(progress.texts.total, 'text')} · ${numbers}`);
  }

  private showTraining({ done, phase, steps, student }: TrainingNews): void {
    const numbers = steps && [
      `step ${steps.done} of ${steps.of}`,
      `loss ${steps.loss.toFixed(3)}`,
      `${steps.examplesPerSecond.toFixed(1)} examples/s`,
      `${inTime(steps.secondsLeft)} left`,
    ];
    this.showNumbers(done, 1, `${student}: ${numbers?.join(' · ') ?? `${phase}, ${Math.round(100 * done)} %`}`);
  }

  /** A bar where there is a terminal, else a line now and then. */
  private showNumbers(done: number, total: number, numbers: string): void {
    if (this.terminal) {
      this.bar ??= startBar(total);
      this.bar.update(done, { numbers });
      return;
    }
    if (numbers === this.lastLine || Date.now() - this.lastLineAt < LINE_EVERY_MS) return;
    this.lastLineAt = Date.now();
    this.lastLine = numbers;
    this.line(`  ${numbers}`);
  }

  private showBudget(workflowId: string, { deadline, goOnCommand, raiseCommand, suggested }: BudgetWait): void {
    this.shownDeadline = deadline;
    const amounts = Object.entries(suggested).map(([name, amount]) => `--add-${name} ${amount}`);
    this.line('');
    this.line(
      pc.bold(`  The budget is used up. Until ${deadline} the run waits for more; then it goes on with the labels`),
    );
    this.line(pc.bold('  there are. About what the texts that are left will take, from another terminal:'));
    this.line(`    tutelage budget ${workflowId} ${amounts.join(' ')} --as YOUR-NAME`);
    this.line(`    tutelage budget ${workflowId} --go-on --as YOUR-NAME`);
    this.line(pc.dim(`    or: ${raiseCommand}`));
    this.line(pc.dim(`        ${goOnCommand}`));
  }

  private showGate(progress: Progress): void {
    const gate = progress.waitingFor;
    if (gate === null) return;
    this.stopBar();
    this.shownGate = gate.deadline;
    this.line('');
    for (const line of plainMarkdown(gate.evidence).split('\n')) this.line(`  ${line}`);
    for (const check of gate.checks) this.line(`  ${checkLine(check)}`);
    this.line('');
    const after = gate.afterDeadline === 'reject' ? 'rejected' : 'approved if all checks pass, else rejected';
    this.line(pc.bold(`  Waiting for you at the gate "${gate.gate}", until ${gate.deadline}; then it is ${after}.`));
    this.line(pc.bold('  From another terminal:'));
    this.line(`    tutelage approve ${progress.workflowId} --gate ${gate.gate} --as YOUR-NAME`);
    this.line(`    tutelage reject  ${progress.workflowId} --gate ${gate.gate} --as YOUR-NAME --note WHY`);
    if (gate.gate === 'labels') {
      this.line(`    tutelage revise  ${progress.workflowId} --guideline FILE --doubted --as YOUR-NAME`);
    }
    this.line(pc.dim(`    or: ${gate.approveCommand}`));
  }

  private line(text: string): void {
    this.stopBar();
    process.stderr.write(`${text}\n`);
  }

  private stopBar(): void {
    this.bar?.stop();
    this.bar = null;
  }
}

/** Of a list that grows at its end and of which only the last are kept, those that were not in it before. */
function newOf(before: readonly string[], now: readonly string[]): readonly string[] {
  for (let kept = Math.min(before.length, now.length); kept > 0; kept--) {
    if (now.slice(0, kept).every((each, index) => each === before[before.length - kept + index]))
      return now.slice(kept);
  }
  return now;
}

function revisionLine({ changes, number, reviewer, spentMicros, texts }: RevisionOutcome): string {
  const changed = changes.map((each) => `${each.texts} from ${each.from ?? 'no label'} to ${each.to ?? 'no label'}`);
  const cost = spentMicros === null ? '' : `, $${(spentMicros / 1e6).toFixed(4)}`;
  return `revision ${number} by ${reviewer}: ${counted(texts, 'text')} asked about again; labels changed: ${changed.join(', ') || 'none'}${cost}`;
}

function headline(progress: Progress): string {
  switch (progress.stage) {
    case 'prepare':
      return 'prepare: reading and checking the corpus, one call to try the teacher';
    case 'annotate':
      return `annotate: ${counted(progress.texts.total, 'text')}, at most ${counted(progress.callsAtMost, 'call')} to ${progress.teacherHost} (repeats aside)`;
    case 'vote':
      return 'vote: counting the votes';
    case 'labels gate':
      return 'labels gate';
    case 'distill':
      return 'distill: training the student';
    case 'evaluate':
      return 'evaluate: measuring on the same rows';
    case 'deployment gate':
      return 'deployment gate';
    default:
      return progress.stage;
  }
}

function startBar(total: number): SingleBar {
  const bar = new SingleBar({
    format: '  {bar} {numbers}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
    noTTYOutput: false,
  });
  bar.start(total, 0, { numbers: '' });
  return bar;
}

function batchesInWords({ answered, batches, requests }: NonNullable<Progress['batches']>): string {
  return `${batches} ${batches === 1 ? 'batch' : 'batches'} open, ${answered} of ${requests} answered`;
}

function inTime(seconds: number): string {
  if (seconds < 600) return `${Math.ceil(seconds)} s`;
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
