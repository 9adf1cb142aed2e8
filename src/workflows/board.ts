/** The board: what the Temporal UI shows of a run, as Markdown. Pure. */
import type {
  AnnotationCounts,
  AnnotationResult,
  BatchProgress,
  Pace,
  PreparedRun,
  Progress,
  ReviewInput,
  ReviewNews,
  TrainingNews,
} from '../contracts/index.js';
import { certificateInWords, checksTable, markdownTable, plainText } from '../evaluation/index.js';
import { addCounts } from '../voting/index.js';
import { budgetEvidence } from './findings.js';
import { dollars, duration, grouped, groupedCount } from './numbers.js';

/** The server takes 20,000 bytes of current details. */
const MOST_BYTES = 20_000;
const MOST_BYTES_OF_A_LINE = 600;
const CUT_NOTE = '… (cut; `tutelage watch` shows all of it)';

const STAGES = [
  ['prepare', 'Read and check the corpus'],
  ['annotate', 'Ask the teacher'],
  ['vote', 'Count the votes'],
  ['labels gate', 'A person looks at the labels'],
  ['distill', 'Train the student'],
  ['evaluate', 'Measure teacher and student'],
  ['deployment gate', 'A person looks at the student'],
  ['deploy', 'Deploy it'],
] as const;

export interface BoardState {
  readonly progress: Progress;
  /** One line for each finished stage. */
  readonly findings: Readonly<Record<string, string>>;
  /** Why the run ended before its last stage; null: it did not. */
  readonly endedEarly: string | null;
}

export function runBoard({ progress, findings, endedEarly }: BoardState): string {
  const reached = progress.stage === 'done' ? STAGES.length : STAGES.findIndex(([stage]) => stage === progress.stage);
  const rows = STAGES.map(([stage, about], index) => {
    const now = endedEarly !== null ? '⛔' : progress.paused ? '⏸️' : '▶️';
    const mark = index < reached ? '✅' : index > reached ? '·' : now;
    const running = index === reached ? runningLine(stage, progress) : '';
    return [mark, about, userText(findings[stage] ?? running)];
  });
  const { budget, waitingFor } = progress;
  const pause = progress.pauseReason ?? 'a person paused it';
  const head = [
    `# ${userText(progress.task ?? 'Distillation')}`,
    endedEarly === null ? '' : `**Ended**: ${userText(endedEarly)}`,
    progress.paused && endedEarly === null
      ? `**Paused**: ${userText(pause)}. Send the signal \`resume\` to go on.`
      : '',
    waitingFor === null ? '' : `## Waiting for you: gate \`${waitingFor.gate}\``,
    ...reviewLines(waitingFor?.review),
    budget?.waiting ? `## Waiting for you: the budget is used up\n\n${budgetEvidence(progress, budget.limits)}` : '',
  ];
  const tail = [
    ...(waitingFor === null ? [] : howToDecide(waitingFor)),
    ...(budget?.waiting ? howToRaise(budget.waiting) : []),
    markdownTable(['', 'stage', ''], rows, false),
    ...progress.ignored.map((what) => `> Ignored: ${userText(what)}`),
    // Last, too, because the UI's pane cuts off the end of what follows a table.
    `In a terminal: \`tutelage watch ${progress.workflowId}\``,
  ];
  return withEvidence(head, waitingFor?.evidence ?? '', tail);
}

export function annotationBoard(
  shard: AnnotationResult & {
    prepared: PreparedRun;
    done: number;
    chunks: number;
    pace: Pace | null;
    batches: BatchProgress | null;
    pauseReason: string | null;
    usedUp: boolean;
  },
): string {
  const { prepared, batches, done, chunks, failedChunks, pace, pauseReason, usedUp } = shard;
  const failed = failedChunks > 0 ? `, ${failedChunks} failed` : '';
  const rows = [
    ['chunks', `${grouped(done)} of ${grouped(chunks)}${failed}`],
    ...countRows(addCounts(shard.corpus, shard.gold)),
    ...(pace === null ? [] : [['pace', paceInWords(pace)]]),
    ...(batches === null ? [] : [['at the provider', batchesInWords(batches)]]),
  ];
  const head = [
    `# Asking ${userText(prepared.teachers.map(({ model }) => model ?? 'the teacher').join(', '))} at ${userText(hostsOf(prepared))}`,
    pauseReason === null ? '' : `**Paused**: ${userText(pauseReason)}. Send the signal \`resume\` to the parent.`,
    usedUp ? '**The budget is used up.** Decide on the parent: the update `raiseBudget`.' : '',
  ];
  return withEvidence(head, '', [markdownTable(['', ''], rows, false)]);
}

/** untold: why webhooks were not told of it. */
export function reviewBoard(wait: {
  input: ReviewInput;
  root: string;
  deadline: string;
  reminders: number;
  escalated: boolean;
  untold: readonly string[];
  news: ReviewNews | null;
  ignored: string | null;
}): string {
  const { input, root, deadline, escalated, ignored, news, reminders, untold } = wait;
  const head = [
    `## Waiting for a person: ${input.gate === 'budget' ? 'the budget' : `gate \`${input.gate}\``} of ${userText(input.task)}`,
    `Decide on the parent workflow ${userText(root)}, until ${deadline}. Reminders so far: ${reminders}.${escalated ? ' **Escalated.**' : ''}`,
    ...reviewLines(news),
    ...untold.map((problem) => `**A webhook was not told:** ${userText(problem)}`),
    ...(ignored === null ? [] : [`> Ignored: ${userText(ignored)}`]),
  ];
  return withEvidence(head, input.evidence, []);
}

/** Where texts go, each host once. */
export function hostsOf({ teachers }: PreparedRun): string {
  return [...new Set(teachers.map(({ host }) => host))].join(', ');
}

/** Parts with an empty line between; of the evidence as much as the server takes. */
function withEvidence(head: readonly string[], evidence: string, tail: readonly string[]): string {
  const join = (shown: string) => [...head, shown, ...tail].filter((part) => part !== '').join('\n\n');
  const room = MOST_BYTES - bytesOf(join('')) - '\n\n'.length;
  return cut(join(wholeLines(evidence, room)), MOST_BYTES);
}

function countRows(counts: AnnotationCounts): string[][] {
  const repeated =
    counts.retried > 0
      ? ` (${grouped(counts.retried)} answered by an error and asked again${busyInWords(counts)})`
      : '';
  const truncated = counts.truncated > 0 ? ` (${grouped(counts.truncated)} cut off)` : '';
  return [
    ['texts', grouped(counts.texts)],
    ['calls', `${grouped(counts.calls)}${repeated}`],
    ['replies reused', grouped(counts.reused)],
    ['unreadable', `${grouped(counts.unreadable)}${truncated}`],
    ['uncertain', grouped(counts.uncertain)],
    ['tokens', `${grouped(counts.inputTokens)} in, ${grouped(counts.outputTokens)} out`],
    ['cost', dollars(counts.spentMicros)],
    ...teacherRows(counts),
  ];
}

/** Of several teachers, and of texts that more was asked about. */
function teacherRows({ escalated, escalationMicros, teachers }: AnnotationCounts): string[][] {
  const each = Object.entries(teachers);
  const rows = each.map(([name, { calls, spentMicros }]) => [
    userText(name),
    `${groupedCount(calls, 'call')}, ${dollars(spentMicros)}`,
  ]);
  return [
    ...(each.length > 1 ? rows : []),
    ...(escalated > 0
      ? [['votes disagreed', `${groupedCount(escalated, 'text')} asked about again, ${dollars(escalationMicros)}`]]
      : []),
  ];
}

/** Of a stage at work; empty for those that tell nothing. */
function runningLine(stage: Progress['stage'], progress: Progress): string {
  if (stage === 'annotate') return annotationLine(progress);
  return stage === 'distill' && progress.training ? trainingLine(progress.training) : '';
}

export function trainingLine({ done, phase, steps, student }: TrainingNews): string {
  if (steps === undefined) return `${student}: ${phase}, ${Math.round(100 * done)} %`;
  const { examplesPerSecond, loss, secondsLeft } = steps;
  const speed = `${examplesPerSecond.toFixed(1)} examples a second`;
  const step = `step ${grouped(steps.done)} of ${grouped(steps.of)}`;
  return `${student}: ${step}, loss ${loss.toFixed(3)}, ${speed}, about ${duration(secondsLeft)} left`;
}

function annotationLine(progress: Progress): string {
  const both = addCounts(progress.annotation, progress.gold);
  const { batches, callsPerSecond, pace, secondsLeft, texts } = progress;
  const parts = [
    `${grouped(texts.done)} of ${groupedCount(texts.total, 'text')}`,
    groupedCount(both.calls, 'call'),
    `${grouped(both.unreadable)} unreadable`,
    `${grouped(both.uncertain)} uncertain`,
    dollars(both.spentMicros),
    ...(callsPerSecond === null ? [] : [`${callsPerSecond.toFixed(1)} calls a second`]),
    ...(pace === null ? [] : [paceInWords(pace)]),
    ...(batches === null ? [] : [batchesInWords(batches)]),
    ...(secondsLeft === null ? [] : [`about ${duration(secondsLeft)} left`]),
  ];
  return parts.join(', ');
}

function busyInWords({ busy }: AnnotationCounts): string {
  return busy > 0 ? `, ${grouped(busy)} of them because the teacher was busy` : '';
}

function paceInWords({ by, perMinute, unit }: Pace): string {
  const whose = by === 'task' ? "the task's" : "the teacher's";
  return `held to ${grouped(perMinute)} ${unit} a minute by ${whose} rate limit`;
}

function batchesInWords({ answered, batches, due, requests, since }: BatchProgress): string {
  const open = `${groupedCount(batches, 'batch', 'batches')} open since ${since.slice(0, 16)}Z`;
  const ends = due === null ? '' : `, at the latest until ${due.slice(0, 16)}Z`;
  return `${open}, ${grouped(answered)} of ${groupedCount(requests, 'request')} answered${ends}`;
}

/** Where the review page is, and how far people are. */
function reviewLines(news: ReviewNews | null | undefined): string[] {
  if (!news) return [];
  const { at, audited, certificate, changed, decided, page, suggested } = news;
  const where = page === null ? 'it is not served now' : `<${page}>, for whoever has a link`;
  const found = changed === 1 ? '1 label was changed' : `${grouped(changed)} labels were changed`;
  const progress = [
    `${grouped(decided)} decided in the fix queue (${grouped(suggested)} are suggested), ${found}`,
    ...(audited === null ? [] : [`${grouped(audited)} audited`]),
  ];
  const bound = certificate === null ? '' : ` ${certificateInWords(certificate)}`;
  return [
    `**Review page:** ${where}.`,
    `**Reviewed by ${at.slice(0, 16).replace('T', ' ')} UTC:** ${progress.join('; ')}.${bound}`,
  ];
}

function howToDecide(gate: NonNullable<Progress['waitingFor']>): string[] {
  const reminder = gate.remindersSent > 0 ? ` **Reminder ${gate.remindersSent}.**` : '';
  return [
    checksTable(gate.checks),
    'Send the update `decide` or the signal `approve` from this page, or type:',
    `\`\`\`sh\n${gate.approveCommand}\n\`\`\``,
    `To reject, send \`reject\`${gate.gate === 'labels' ? '; to ask the teacher again under another guideline, `revise`' : ''}. Without a decision by ${gate.deadline} the run is ${gate.afterDeadline === 'reject' ? 'rejected' : 'approved if all checks pass, else rejected'}.${reminder}`,
  ];
}

function howToRaise(waiting: NonNullable<NonNullable<Progress['budget']>['waiting']>): string[] {
  const reminder = waiting.remindersSent > 0 ? ` **Reminder ${waiting.remindersSent}.**` : '';
  return [
    'Send the update or the signal `raiseBudget` from this page, or type:',
    `\`\`\`sh\n${waiting.raiseCommand}\n\`\`\``,
    'That adds about what the texts that are left will take. To go on with the labels there are:',
    `\`\`\`sh\n${waiting.goOnCommand}\n\`\`\``,
    `Without a decision by ${waiting.deadline} the run goes on with the labels there are.${reminder}`,
  ];
}

/** What people wrote, in one line that leaves the board as it is. */
function userText(text: string): string {
  return cut(plainText(text), MOST_BYTES_OF_A_LINE);
}

/** As many lines as there is room for: half a row would spoil its table. */
function wholeLines(text: string, mostBytes: number): string {
  if (bytesOf(text) <= mostBytes) return text;
  const kept = cut(text, mostBytes);
  const end = kept.lastIndexOf('\n');
  return end < 0 ? kept : `${kept.slice(0, end)}\n\n${CUT_NOTE}`;
}

function cut(text: string, mostBytes: number): string {
  if (bytesOf(text) <= mostBytes) return text;
  let left = mostBytes - bytesOf(CUT_NOTE);
  let kept = '';
  for (const character of text) {
    left -= bytesOf(character);
    if (left < 0) break;
    kept += character;
  }
  return kept + CUT_NOTE;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
