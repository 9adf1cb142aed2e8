/** What the gates check, and how the checks are shown. Checks without a limit are shown only and always pass. */
import {
  counted,
  type DeploymentGateSettings,
  type EvaluationReport,
  type GateCheck,
  type LabelsGateSettings,
  type VoteSummary,
} from '../contracts/index.js';
import { certificateInWords } from './certificate.js';
import { confidenceLevel, range } from './figures.js';
import { learnedInWords } from './learned-rows.js';
import { markdownTable, plainText } from './markdown-table.js';

type Bars<Settings> = Omit<Settings, 'approval' | 'deadlineHours' | 'reminderHours'>;

export interface LabelsToJudge {
  readonly summary: Pick<
    VoteSummary,
    'texts' | 'labelled' | 'perLabel' | 'alpha' | 'gateGold' | 'weighing' | 'certificate'
  >;
  readonly settings: Bars<LabelsGateSettings>;
  /** The task's labels: one that summary.perLabel lacks has no training text. */
  readonly labels: readonly string[];
  /** Votes that the plan gives a text. */
  readonly votesPerText: number;
  /** Chunks that failed for good. */
  readonly failedChunks: number;
  /** Texts that the budget did not suffice for. */
  readonly incompleteTexts: number;
  /** Share of the replies that gave no vote, 0 to 1; null without replies. */
  readonly unreadableShare: number | null;
}

export interface StudentToJudge {
  readonly report: EvaluationReport;
  readonly settings: Bars<DeploymentGateSettings>;
  /** The version that is deployed, compared in the report or not; null: none is. */
  readonly deployed: number | null;
}

/**
 * Checks of the gate `labels`. Alpha that is not defined fails its limit, unless the plan gives a text fewer than two
 * votes: then there is no agreement to ask for. A limit on gold accuracy fails where no gold row was set apart.
 */
export function labelsGateChecks(judged: LabelsToJudge): GateCheck[] {
  const { summary, settings, labels, votesPerText } = judged;
  const examples = labels.map((label) => ({ label, texts: summary.perLabel[label] ?? 0 }));
  const rarest = examples.reduce((a, b) => (b.texts < a.texts ? b : a));
  const { rows, correct } = summary.gateGold;
  const alpha = check('alpha', alphaAbout(summary.alpha, votesPerText), summary.alpha, atLeast(settings.minAlpha));
  return shown([
    check('failed chunks', 'Chunks of texts that failed for good.', judged.failedChunks, atMost(0)),
    check('budget sufficed', 'Texts that the budget did not suffice for.', judged.incompleteTexts, atMost(0)),
    check('unreadable share', 'Share of the replies that gave no vote.', judged.unreadableShare, atMost(null)),
    check(
      'unlabelled share',
      `Share of the ${counted(summary.texts, 'text')} that got no label.`,
      summary.texts === 0 ? null : (summary.texts - summary.labelled) / summary.texts,
      atMost(settings.maxUnlabelledShare),
    ),
    votesPerText < 2 ? { ...alpha, passed: true } : alpha,
    check(
      'examples per label',
      `Training texts of the rarest label, ${rarest.label}.`,
      rarest.texts,
      atLeast(settings.minExamplesPerClass),
    ),
    check(
      'gold accuracy',
      rows === 0
        ? "Teacher's accuracy on gold rows set apart for this gate: there are none. Give gold rows, or set gates.labels.minGoldAccuracy to null."
        : `Teacher's accuracy on the ${counted(rows, 'gold row')} set apart for this gate${summary.weighing?.gold ? ', which chose how votes become labels, too: that flatters it a little' : ''}.`,
      rows === 0 ? null : correct / rows,
      atLeast(settings.minGoldAccuracy),
    ),
    check(
      'certified error share',
      summary.certificate
        ? certificateInWords(summary.certificate)
        : 'Wrong labels, at most: nobody has audited them. Draw an audit (on the page that tutelage review opens, or by tutelage review export --audit), or set gates.labels.maxErrorShare to null.',
      summary.certificate?.mostWrongShare ?? null,
      atMost(settings.maxErrorShare),
    ),
  ]);
}

/**
 * Checks of the gate `deployment`. A bar that needs gold rows fails on a report of basis validation, which knows the
 * agreement with the teacher only. Losses are accuracies of the other minus the student's, on the rows that both
 * answered; where no version is deployed there is nothing to lose to it.
 */
export function deploymentGateChecks({ deployed, report, settings }: StudentToJudge): GateCheck[] {
  const onGold = report.basis === 'gold';
  const rows = counted(report.rows, onGold ? 'gold row' : 'validation row');
  const about = (what: string, setting: string) =>
    onGold
      ? `${what} on the ${rows}.`
      : `${what} on gold rows: gold rows are missing. Give gold rows, or set gates.deployment.${setting} to null.`;
  const agreement = check(
    'agreement with the teacher',
    `Share of the ${rows} that the student labels as the teacher did. It is not accuracy.`,
    report.student.accuracy,
    atLeast(null),
  );
  const lossToChampion = lossCheck(report, 'champion', settings.maxLossToChampion, 'maxLossToChampion');
  return shown([
    ...(onGold ? [] : [agreement]),
    check(
      'accuracy',
      about("Student's accuracy", 'minAccuracy'),
      onGold ? report.student.accuracy : null,
      atLeast(settings.minAccuracy),
    ),
    check(
      'macro F1',
      about("Student's macro F1", 'minMacroF1'),
      onGold ? report.student.macroF1 : null,
      atLeast(settings.minMacroF1),
    ),
    lossCheck(report, 'teacher', settings.maxLossToTeacher, 'maxLossToTeacher'),
    deployed === null
      ? { ...lossToChampion, about: 'No version is deployed yet that the student could lose to.', passed: true }
      : lossToChampion,
  ]);
}

/** The checks as a Markdown table for the board: ✅ passed, ❌ failed, ℹ️ shown only. */
export function checksTable(checks: readonly GateCheck[]): string {
  const rows = checks.map((checked) => {
    const sign = checked.passed ? '✅' : '❌';
    const limit = checked.limit === null ? '' : `${checked.atLeast ? '≥' : '≤'} ${figure(checked.limit)}`;
    return [
      checked.limit === null ? 'ℹ️' : sign,
      plainText(checked.name),
      checked.value === null ? 'unknown' : figure(checked.value),
      limit,
      plainText(checked.about),
    ];
  });
  return markdownTable(['', 'check', 'value', 'limit', 'about'], rows, false);
}

interface Bar {
  readonly limit: number | null;
  readonly atLeast: boolean;
}

const atLeast = (limit: number | null): Bar => ({ limit, atLeast: true });
const atMost = (limit: number | null): Bar => ({ limit, atLeast: false });

function check(name: string, about: string, value: number | null, bar: Bar): GateCheck {
  const { limit } = bar;
  const meets = value !== null && limit !== null && (bar.atLeast ? value >= limit : value <= limit);
  return { name, about, value, limit, atLeast: bar.atLeast, passed: limit === null || meets };
}

/** Leaves out what has neither a value to show nor a limit to check. */
function shown(checks: readonly GateCheck[]): GateCheck[] {
  return checks.filter(({ value, limit }) => value !== null || limit !== null);
}

function lossCheck(
  report: EvaluationReport,
  other: 'teacher' | 'champion',
  limit: number | null,
  setting: string,
): GateCheck {
  const name = `loss to ${other}`;
  const what = `Accuracy of the ${other} minus the student's`;
  if (report.basis === 'validation') {
    const about = `${what}: gold rows are missing. Give gold rows, or set gates.deployment.${setting} to null.`;
    return check(name, about, null, atMost(limit));
  }
  const learned = other === 'champion' ? learnedInWords(report) : null;
  const besides = learned === null ? '' : ` ${learned}`;
  const comparison = report.comparisons.find(({ first, second }) => first === 'student' && second === other);
  if (comparison === undefined) {
    return check(
      name,
      `${what}: there is no row that both answered${learned === null ? '' : ' and that is new to both'}.${besides}`,
      null,
      atMost(limit),
    );
  }
  const { low, high } = comparison.differenceInterval;
  const interval = `${confidenceLevel(report.confidence)} interval ${range({ low: -high, high: -low })} points`;
  const about = `${what}, on the ${counted(comparison.rows, 'row')} that both answered${report.champion?.learned && other === 'champion' ? ' and that are new to both' : ''}; ${interval}.${besides}`;
  return check(name, about, 0 - comparison.accuracyDifference, atMost(limit));
}

function alphaAbout(alpha: number | null, votesPerText: number): string {
  const about = "Agreement of the votes beyond chance (Krippendorff's alpha)";
  if (alpha !== null) return `${about}.`;
  if (votesPerText < 2) return `${about}: there is one vote a text, so none to compare.`;
  return `${about}: not defined, as no text has two readable votes or all votes name one label.`;
}

/** Whole numbers as they are, others with three decimals. */
function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}
