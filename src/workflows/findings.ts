/** What each stage has found, in one line for the board. Pure. */
import {
  type AnnotationResult,
  type EvaluateOutcome,
  type GateOutcome,
  type Grant,
  inNumber,
  type PreparedRun,
  type Progress,
  percent,
  type RevisionOutcome,
  type RevisionPlan,
  type TrainingSummary,
  type VoteOutcome,
} from '../contracts/index.js';
import { markdownTable, plainText } from '../evaluation/index.js';
import { addCounts, spendingOf } from '../voting/index.js';
import { dollars, grouped, groupedCount } from './numbers.js';

export type CountsOfSets = Pick<AnnotationResult, 'corpus' | 'gold'>;

/** More than this share of texts, of at least so many, with the same samples word for word: something is wrong. */
const IDENTICAL_SHARE = 0.9;
const IDENTICAL_TEXTS = 20;

export function preparedFinding({ counts, examples }: PreparedRun): string {
  return sentence([
    groupedCount(counts.texts, 'text'),
    counts.duplicates > 0 && groupedCount(counts.duplicates, 'duplicate row'),
    counts.refused > 0 && `${groupedCount(counts.refused, 'row')} refused`,
    counts.rest > 0 && `${groupedCount(counts.rest, 'text')} left for the student`,
    groupedCount(counts.goldRows, 'gold row'),
    !!examples && examples.shown > 0 && groupedCount(examples.shown, 'worked example'),
    !!examples &&
      examples.inGold > 0 &&
      `${groupedCount(examples.inGold, 'example')} left out because ${inNumber(examples.inGold, 'it is a gold text', 'they are gold texts')}`,
    counts.redacted > 0 &&
      `${groupedCount(counts.redacted, 'text')} with placeholders for what the teacher must not see`,
  ]);
}

export function annotationFinding({ corpus, gold }: CountsOfSets): string {
  const both = addCounts(corpus, gold);
  return sentence([
    groupedCount(both.calls, 'call'),
    both.reused > 0 && `${groupedCount(both.reused, 'reply', 'replies')} reused`,
    both.busy > 0 && `${grouped(both.busy)} answered that the teacher was busy`,
    `${grouped(both.unreadable)} unreadable`,
    both.uncertain > 0 && `${grouped(both.uncertain)} uncertain`,
    dollars(both.spentMicros),
    both.escalated > 0 &&
      `${groupedCount(both.escalated, 'text')} asked about again because ${inNumber(both.escalated, 'its', 'their')} votes disagreed (${dollars(both.escalationMicros)})`,
    // Under `all` they would be saved, under `majority` they were.
    both.callsMajorityWouldSave > 0 &&
      `stopping at the majority saves ${groupedCount(both.callsMajorityWouldSave, 'call')}`,
    both.texts >= IDENTICAL_TEXTS &&
      both.identical > IDENTICAL_SHARE * both.texts &&
      '⚠️ the samples of most texts are word for word the same: a cache, or temperature 0?',
  ]);
}

/** What a run whose budget is used up shows, as Markdown. */
export function budgetEvidence({ annotation, gold, texts }: Progress, limits: Grant): string {
  const { calls, micros, tokens } = spendingOf(addCounts(annotation, gold));
  const rows = [
    limits.micros === null ? [] : ['dollars', dollars(micros), dollars(limits.micros)],
    limits.calls === null ? [] : ['calls', grouped(calls), grouped(limits.calls)],
    limits.tokens === null ? [] : ['tokens', grouped(tokens), grouped(limits.tokens)],
  ].filter((row) => row.length > 0);
  const about = `${grouped(texts.done)} of ${groupedCount(texts.total, 'text')} have all their votes. Another call at its worst would not fit into what is left:`;
  return [about, markdownTable(['', 'spent', 'budget'], rows)].join('\n\n');
}

/** corrected: what people changed, in words. */
export function votesFinding({ alpha, labelled, texts, weighing }: VoteOutcome['summary'], corrected: string): string {
  return sentence([
    `${grouped(labelled)} of ${groupedCount(texts, 'text')} labelled`,
    !!weighing && `aggregation ${weighing.method}`,
    !!weighing?.gold && `chosen on ${groupedCount(weighing.gold.rows, 'gold row')}`,
    alpha !== null && `alpha ${alpha.toFixed(3)}`,
    corrected,
  ]);
}

const DECIDED: Readonly<Record<GateOutcome['decision'], string>> = {
  approve: 'approved',
  reject: 'rejected',
  revise: 'guideline revised',
};

export function decisionInWords({ automatic, decision, note, reviewer, revision }: GateOutcome): string {
  const how = automatic ? ' automatically' : '';
  const what = revision ? `; ${askedAgain(revision)}` : '';
  return `${DECIDED[decision]}${how} by ${reviewer}${note === '' ? '' : `: ${note}`}${what}`;
}

/** In one line. */
export function revisionInWords(revision: RevisionOutcome): string {
  const { changes, number, reviewer, spentMicros } = revision;
  const changed = changes.reduce((sum, { texts }) => sum + texts, 0);
  return `revision ${number} by ${reviewer}: ${askedAgain(revision)}, ${groupedCount(changed, 'label')} changed, ${dollars(spentMicros)}`;
}

function askedAgain({ goldTexts, texts }: Pick<RevisionPlan, 'goldTexts' | 'texts'>): string {
  return `${groupedCount(texts, 'text')} asked about again${goldTexts > 0 ? ` (${grouped(goldTexts)} of them gold)` : ''}`;
}

/** What a revision did, as Markdown for the gate. */
export function revisionEvidence(revision: RevisionOutcome): string {
  const { agreement, calls, changes, decided, examples, reused, unanswered } = revision;
  const label = (name: string | null) => (name === null ? 'no label' : plainText(name));
  const rows = changes.map(({ from, texts, to }) => [label(from), label(to), grouped(texts)]);
  const share = (value: number | null) => (value === null ? '–' : percent(value));
  const about = [
    `**${plainText(revisionInWords(revision))}** (${groupedCount(calls, 'call')}${reused > 0 ? `, ${groupedCount(reused, 'reply', 'replies')} known before` : ''}).`,
    ...(unanswered > 0
      ? [`${grouped(unanswered)} of them did not get all their new votes, and keep those that they had.`]
      : []),
    ...(decided > 0 ? [`${grouped(decided)} more that it concerns were left out: people have decided on them.`] : []),
    ...(examples > 0 ? [`The prompts show ${groupedCount(examples, 'corrected label')}.`] : []),
    `Two votes about such a text agree in ${share(agreement.after)} of cases, before in ${share(agreement.before)}.`,
    ...(changes.length > 0 ? ['An audit that was drawn before does not certify these labels: draw a new one.'] : []),
  ];
  const table = rows.length === 0 ? [] : [markdownTable(['from', 'to', 'labels'], rows)];
  return [about.join(' '), ...table].join('\n\n');
}

export function trainingFinding({ chosen, examples, kind, trainSeconds }: TrainingSummary): string {
  const { cutShare = 0, int8, maxLength } = chosen;
  return sentence([
    `${kind} from ${groupedCount(examples, 'text')} in ${trainSeconds.toFixed(1)} s`,
    cutShare > 0 && `${percent(cutShare)} of the texts cut after ${maxLength} tokens`,
    int8 === 0 && 'in float32, since INT8 changed too many labels',
  ]);
}

export function evaluationFinding({ basis, rows, student, teacher }: EvaluateOutcome['summary']): string {
  if (basis === 'validation') {
    return `student agrees with the teacher on ${percent(student.accuracy)} of ${groupedCount(rows, 'held-out text')}`;
  }
  const teachers = teacher === null ? '' : `, teacher ${percent(teacher.accuracy)}`;
  return `student ${percent(student.accuracy)}${teachers} on ${groupedCount(rows, 'gold row')}`;
}

function sentence(parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false && part !== '').join(', ');
}
