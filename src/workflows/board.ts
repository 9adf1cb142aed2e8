/** The board: what the Temporal UI shows of a run, as Markdown. Pure. */
import type { AnnotationCounts, AnnotationResult, PreparedRun, Progress } from '../contracts/index.js';
import { checksTable } from '../evaluation/index.js';
import { addCounts } from '../voting/index.js';

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
}

export function runBoard({ progress, findings }: BoardState): string {
  const lines = [`# ${progress.task ?? 'Distillation'}`, ''];
  if (progress.paused)
    lines.push(`**Paused**: ${progress.pauseReason ?? 'a person paused it'}. Send the signal \`resume\`.`, '');
  if (progress.waitingFor !== null) lines.push(...waiting(progress.waitingFor), '');
  lines.push('| | stage | |', '| --- | --- | --- |');
  const reached = progress.stage === 'done' ? STAGES.length : STAGES.findIndex(([stage]) => stage === progress.stage);
  for (const [index, [stage, about]] of STAGES.entries()) {
    const mark = index < reached ? '✅' : index === reached ? (progress.paused ? '⏸️' : '▶️') : '·';
    const running = stage === 'annotate' && index === reached ? annotationLine(progress) : '';
    lines.push(`| ${mark} | ${about} | ${findings[stage] ?? running} |`);
  }
  for (const ignored of progress.ignored) lines.push('', `> Ignored: ${ignored}`);
  return lines.join('\n');
}

export function annotationBoard(
  shard: AnnotationResult & { prepared: PreparedRun; done: number; chunks: number; pauseReason: string | null },
): string {
  const both = addCounts(shard.corpus, shard.gold);
  const lines = [`# Asking ${shard.prepared.teacherModel ?? 'the teacher'} at ${shard.prepared.teacherHost}`, ''];
  if (shard.pauseReason !== null) lines.push(`**Paused**: ${shard.pauseReason}`, '');
  lines.push(
    '| | |',
    '| --- | --- |',
    `| chunks | ${shard.done} of ${shard.chunks}${shard.failedChunks > 0 ? `, ${shard.failedChunks} failed` : ''} |`,
    ...countRows(both).map(([name, value]) => `| ${name} | ${value} |`),
  );
  return lines.join('\n');
}

/** Counts as people read them. */
export function countRows(counts: AnnotationCounts): Array<[string, string]> {
  const rows: Array<[string, string]> = [
    ['texts', grouped(counts.texts)],
    [
      'calls',
      `${grouped(counts.calls)}${counts.retried > 0 ? ` (${grouped(counts.retried)} answered by an error and asked again)` : ''}`,
    ],
    ['replies reused', grouped(counts.reused)],
    [
      'unreadable',
      `${grouped(counts.unreadable)}${counts.truncated > 0 ? ` (${grouped(counts.truncated)} cut off)` : ''}`,
    ],
    ['uncertain', grouped(counts.uncertain)],
    ['tokens', `${grouped(counts.inputTokens)} in, ${grouped(counts.outputTokens)} out`],
    ['cost', dollars(counts.spentMicros)],
  ];
  return rows;
}

export function dollars(micros: number | null): string {
  if (micros === null) return 'price not known';
  return `$${(micros / 1e6).toFixed(micros > 0 && micros < 10_000 ? 4 : 2)}`;
}

export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function annotationLine(progress: Progress): string {
  const { texts, annotation, gold } = progress;
  const both = addCounts(annotation, gold);
  const left = progress.secondsLeft === null ? '' : `, about ${duration(progress.secondsLeft)} left`;
  const rate = progress.callsPerSecond === null ? '' : `, ${progress.callsPerSecond.toFixed(1)} calls a second`;
  return `${grouped(texts.done)} of ${grouped(texts.total)} texts, ${grouped(both.calls)} calls, ${grouped(both.unreadable)} unreadable, ${grouped(both.uncertain)} uncertain, ${dollars(both.spentMicros)}${rate}${left}`;
}

function waiting(gate: NonNullable<Progress['waitingFor']>): string[] {
  return [
    `## Waiting for you: gate \`${gate.gate}\``,
    '',
    gate.evidence,
    '',
    checksTable(gate.checks),
    '',
    'Approve (Send an Update `decide`, or the Signal `approve`, above; or type this):',
    '',
    '```sh',
    gate.approveCommand,
    '```',
    '',
    `Reject with \`reject\` in its place. Without a decision by ${gate.deadline} the run is rejected.${gate.remindersSent > 0 ? ` **Reminder ${gate.remindersSent}.**` : ''}`,
  ];
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
