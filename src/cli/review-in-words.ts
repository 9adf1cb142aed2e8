/** What tutelage review tells of a review: its audit log, and where it stands. */
import {
  counted,
  inNumber,
  type NamedAgreement,
  percent,
  type ReviewRecord,
  type RevisionRecord,
} from '../contracts/index.js';
import { alphaInWords, certificateInWords } from '../evaluation/index.js';
import type { AlternativeAnnotatorTest, ReviewStatus } from '../review/index.js';

export function recordInWords(record: ReviewRecord | RevisionRecord): string {
  const { at, reviewer } = record;
  if ('revision' in record) {
    const { number, revision, texts } = record;
    const about = [...(revision.doubted ? ['doubted'] : []), ...revision.labels].join(', ');
    const guideline = JSON.stringify(revision.guideline);
    return `${at}  ${reviewer}  revise  revision ${number}  ${counted(texts, 'text')} (${about}) asked about again under: ${guideline}`;
  }
  const { adjudicates, id, label, purpose } = record;
  const what = label === null ? 'takes the last decision back' : `${label}${adjudicates ? ' (adjudicates)' : ''}`;
  return `${at}  ${reviewer}  ${purpose}  ${id}  ${what}`;
}

export function statusInWords(workflowId: string, status: ReviewStatus): string {
  const { adjudicated, agreement, alternativeAnnotator, audited, byReviewer, certificate, corrected } = status;
  const { decided, differing, outdated, sharedTexts, texts } = status;
  const people = Object.entries(byReviewer).map(([name, count]) => `${name} ${count}`);
  const lines = [
    ...(outdated === null ? [] : [outdated]),
    `${decided} of ${counted(texts, 'text')} decided${people.length > 0 ? ` (${people.join(', ')})` : ''}, ${counted(corrected, 'label')} changed`,
    ...(sharedTexts === 0
      ? []
      : [
          `${counted(sharedTexts, 'text')} decided by several people, ${adjudicated} adjudicated, ${differing.length} ${inNumber(differing.length, 'differs and waits', 'differ and wait')} for it${idsOf(differing)}`,
        ]),
    ...(agreement === null ? [] : agreementInWords(agreement)),
    audited === null ? 'no audit was drawn' : `${counted(audited, 'text')} of the audit decided`,
    ...(certificate === null ? [] : [certificateInWords(certificate)]),
    ...(alternativeAnnotator === null ? [] : [testInWords(alternativeAnnotator)]),
    `to approve with them: on the page (tutelage review ${workflowId} --as NAME), or tutelage approve ${workflowId} --gate labels --as NAME --reviewed`,
  ];
  return `${lines.join('\n')}\n`;
}

function agreementInWords({ alpha, alphaInterval, perLabel, perPair }: NamedAgreement): string[] {
  const pairs = perPair.map(
    ({ first, second, share, texts }) => `${first} and ${second} in ${percent(share)} of ${texts}`,
  );
  const agree = `people agree: ${pairs.join(', ')}`;
  if (alpha === null || alphaInterval === null) return [agree];
  const labels = Object.entries(perLabel).map(([label, of]) => `${label} ${of === null ? '–' : of.toFixed(3)}`);
  return [agree, `Krippendorff's alpha ${alphaInWords(alpha, alphaInterval)}, by label: ${labels.join(', ')}`];
}

/** In the audit people did not see the teacher's label. */
function testInWords({ advantage, epsilon, people, winningRate }: AlternativeAnnotatorTest): string {
  const beaten = people.filter(({ teacherIsNoWorse }) => teacherIsNoWorse).map(({ reviewer }) => reviewer);
  const may = winningRate >= 0.5 ? 'may stand in for them' : 'can not be shown to be as good';
  return `alternative annotator test on the audit: the teacher ${may} (no worse than ${beaten.join(', ') || 'nobody'} of ${people.length} people at epsilon ${epsilon}; it agrees with the others as well as one of them does in ${percent(advantage)} of cases)`;
}

const IDS_NAMED = 10;

/** The first of them; the latest decision about each counts. */
function idsOf(differing: readonly { id: string }[]): string {
  if (differing.length === 0) return '';
  const named = differing.slice(0, IDS_NAMED).map(({ id }) => id);
  return ` (the latest counts; --json names all): ${named.join(', ')}${differing.length > IDS_NAMED ? ', …' : ''}`;
}
