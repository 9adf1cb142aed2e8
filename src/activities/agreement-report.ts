/** How far the votes of a run agree, for the store and for the person at the gate. */
import { type AgreementReport, type ArtifactRef, type PreparedRun, percent, type Task } from '../contracts/index.js';
import { alphaInWords, markdownTable, plainText } from '../evaluation/index.js';
import { ofRevision } from '../review/index.js';
import type { Store } from '../store/index.js';
import { askedTeachers, plannedQuestions } from '../teachers/index.js';
import { type Agreement, namedAgreement } from '../voting/index.js';
import type { WeighedVotes } from './weigh-votes.js';

/** Votes whose pairs are shown as a matrix; of more, the pairs that agree least. */
const MOST_IN_MATRIX = 8;
const PAIRS_LISTED = 10;

/** null: no text has two votes. */
export function agreementReport(
  task: Task,
  agreement: Agreement,
  weights: WeighedVotes['weights'],
): AgreementReport | null {
  const names = voteNames(task);
  const named = namedAgreement(agreement, names, task.evaluation.confidence);
  const quality = weights?.quality.flatMap((share, vote) => (share === null ? [] : [[names[vote]!, share] as const]));
  return named && { ...named, quality: quality ? Object.fromEntries(quality) : null };
}

/** revision: the last one; 0: none. */
export function keepAgreement(
  store: Store,
  { run }: PreparedRun,
  report: AgreementReport,
  revision: number,
): Promise<ArtifactRef> {
  const path = `${run.folder}/vote/agreement${ofRevision(revision)}.json`;
  return store.write(path, `${JSON.stringify(report, null, 2)}\n`);
}

/** Markdown: all but the labels, which stand in their own table. */
export function agreementEvidence(report: AgreementReport): string[] {
  return [overall(report), ...pairsShown(report), ...qualityInWords(report)];
}

function overall({ alpha, alphaInterval, perLabel, perPair, raw }: AgreementReport): string {
  const defined = Object.entries(perLabel).filter((entry): entry is [string, number] => entry[1] !== null);
  if (alpha === null || alphaInterval === null || defined.length === 0) {
    return `Two votes about a text agree in ${percent(raw)} of cases; alpha is not defined, for all name one label.`;
  }
  const [label, least] = defined.reduce((a, b) => (b[1] < a[1] ? b : a));
  const pair = perPair.reduce((a, b) => (b.share < a.share ? b : a));
  const between =
    perPair.length > 1
      ? `, and least between ${plainText(pair.first)} and ${plainText(pair.second)} (${percent(pair.share)})`
      : '';
  return `Two votes about a text agree in ${percent(raw)} of cases; alpha is ${alphaInWords(alpha, alphaInterval)}. They agree least on ${plainText(label)} (alpha ${least.toFixed(3)})${between}.`;
}

/** Nothing for one pair, which the sentence before tells. */
function pairsShown({ perPair }: AgreementReport): string[] {
  if (perPair.length < 2) return [];
  const names = [...new Set(perPair.flatMap(({ first, second }) => [first, second]))];
  if (names.length > MOST_IN_MATRIX) {
    const least = perPair.toSorted((a, b) => a.share - b.share).slice(0, PAIRS_LISTED);
    const rows = least.map(({ first, second, share, texts }) => [
      `${plainText(first)}, ${plainText(second)}`,
      percent(share),
      String(texts),
    ]);
    return [
      `The ${rows.length} of ${perPair.length} pairs of votes that agree least:`,
      markdownTable(['votes', 'agree', 'texts'], rows),
    ];
  }
  const shareOf = (one: string, other: string) =>
    perPair.find(({ first, second }) => first === one && second === other)?.share;
  const rows = names.slice(0, -1).map((row) => [
    plainText(row),
    ...names.slice(1).map((column) => {
      const share = shareOf(row, column);
      return share === undefined ? '' : percent(share);
    }),
  ]);
  return ['Texts on which two votes agree:', markdownTable(['', ...names.slice(1).map(plainText)], rows)];
}

function qualityInWords({ quality }: AgreementReport): string[] {
  if (quality === null) return [];
  const each = Object.entries(quality).map(([vote, share]) => `${plainText(vote)} ${percent(share)}`);
  return [`Estimated right: ${each.join(', ')}.`];
}

function voteNames(task: Task): string[] {
  const several = askedTeachers(task).size > 1;
  return plannedQuestions(task).map(
    ({ prompt, sample, teacher }) => `${several ? `${teacher} ` : ''}${prompt} ${sample + 1}`,
  );
}
