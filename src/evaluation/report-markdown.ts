/** The evaluation report as people read it. */
import {
  type ClassificationReport,
  counted,
  type EvaluationReport,
  type PairedComparison,
  percent,
} from '../contracts/index.js';
import { certificateInWords } from './certificate.js';
import { confidenceLevel, dollars, inPoints, pValue, range } from './figures.js';
import { learnedInWords } from './learned-rows.js';
import { markdownTable, plainText } from './markdown-table.js';
import { weighingInWords } from './weighing.js';

export interface ReportNames {
  readonly task: string;
  readonly studentKind: string;
  /** null: the endpoint names no model. */
  readonly teacherModel: string | null;
}

/** A confusion matrix of more labels is shown as its largest cells. */
const mostLabelsInMatrix = 12;
const mostConfusionsListed = 20;

/**
 * The report in Markdown: what matters in one sentence, then the tables. On basis validation the figures are called
 * agreement with the teacher, never accuracy: nobody checked the labels that they are measured against.
 */
export function reportMarkdown(report: EvaluationReport, names: ReportNames): string {
  const sections = [
    `# Evaluation: ${plainText(names.task)}`,
    `**${headline(report)}**`,
    basisNote(report),
    overviewTable(report, names),
    ...learnedNote(report),
    ...(report.comparisons.length === 0 ? [] : ['## Compared row by row', ...comparisonSection(report)]),
    ...disputedSection(report, names),
    '## The student, label by label',
    perClassTable(report),
    '## What the student confuses',
    confusionSection(report.student, report.basis),
    '## Texts, cost and speed',
    factsList(report),
  ];
  return `${sections.join('\n\n')}\n`;
}

function headline(report: EvaluationReport): string {
  const { student, teacher, basis, confidence } = report;
  const interval = `${confidenceLevel(confidence)} interval ${range(student.accuracyInterval)} %`;
  if (basis === 'validation') {
    const rows = counted(report.rows, 'validation row');
    return `The student agrees with the teacher on ${percent(student.accuracy)} of ${rows} (${interval}).`;
  }
  const rows = counted(report.rows, 'gold row');
  const own = `The student is right on ${percent(student.accuracy)} of ${rows} (${interval})`;
  const comparison = comparisonWith(report, 'teacher');
  if (teacher === null) return `${own}.`;
  const both = `${own}, the teacher on ${percent(teacher.accuracy)}`;
  return comparison === undefined ? `${both}.` : `${both}; ${verdict(comparison, report)}.`;
}

function verdict(comparison: PairedComparison, { rows, confidence }: EvaluationReport): string {
  const { accuracyDifference: difference } = comparison;
  const where = comparison.rows === rows ? '' : ` on the ${counted(comparison.rows, 'row')} that both answered`;
  if (difference === 0) return `they are right equally often${where}`;
  const points = `the difference of ${inPoints(Math.abs(difference))} points${where}`;
  const noise = comparison.pValue >= 1 - confidence ? 'is within noise' : 'is more than noise';
  return `${points} ${noise} (${pValue(comparison.pValue)})`;
}

function basisNote(report: EvaluationReport): string {
  if (report.basis === 'gold') {
    return "Measured against people's labels, on rows that no choice was made on and the student was not trained on.";
  }
  return [
    "There are no gold rows, so the student is measured against the teacher's labels on rows held out of training. That",
    'is agreement with the teacher, not accuracy: a student that repeats every error of the teacher would get 100 %.',
    'Rows with labels from people would tell how often it is right.',
  ].join('\n');
}

/** Nothing where the champion was trained on none of the rows. */
function learnedNote(report: EvaluationReport): string[] {
  const learned = learnedInWords(report);
  if (learned === null) return [];
  return [report.champion?.learned ? `${learned} The table counts all rows.` : learned];
}

/** Nothing where no gold label is disputed. */
function disputedSection(report: EvaluationReport, names: ReportNames): string[] {
  const { undisputed, rows } = report;
  if (!undisputed) return [];
  const disputed = rows - undisputed.rows;
  return [
    '## Without the disputed gold labels',
    `People dispute the label of ${counted(disputed, 'gold row')}. All other figures of this report count them; these do not. Labels are disputed where somebody looked, which is mostly where the teacher disagrees: the truth lies between the two.`,
    overviewTable({ ...report, ...undisputed, champion: null }, names),
    ...(undisputed.comparisons.length === 0 ? [] : comparisonSection({ ...report, ...undisputed }).slice(0, 1)),
  ];
}

function overviewTable(report: EvaluationReport, names: ReportNames): string {
  const teacherName = names.teacherModel === null ? 'teacher' : `teacher (${plainText(names.teacherModel)})`;
  const measured: [string, ClassificationReport][] = [];
  if (report.teacher !== null) measured.push([teacherName, report.teacher]);
  measured.push([`student (${plainText(names.studentKind)})`, report.student]);
  if (report.champion !== null) {
    measured.push([`champion (deployed version ${report.champion.version})`, report.champion.report]);
  }
  const share = report.basis === 'gold' ? 'accuracy' : 'agreement with the teacher';
  return markdownTable(
    ['', share, `${confidenceLevel(report.confidence)} interval`, 'macro F1', 'weighted F1', 'rows', 'unanswered'],
    measured.map(([name, figures]) => [
      name,
      percent(figures.accuracy),
      `${range(figures.accuracyInterval)} %`,
      figures.macroF1.toFixed(3),
      figures.weightedF1.toFixed(3),
      String(figures.rows),
      String(figures.unanswered),
    ]),
  );
}

function comparisonSection(report: EvaluationReport): string[] {
  const right = report.basis === 'gold' ? 'right' : 'as the teacher';
  const table = markdownTable(
    [
      'compared',
      'difference, points',
      `${confidenceLevel(report.confidence)} interval`,
      `only the first ${right}`,
      `only the second ${right}`,
      'rows',
      'p',
    ],
    report.comparisons.map((comparison) => [
      `${plainText(comparison.first)} minus ${plainText(comparison.second)}`,
      inPoints(comparison.accuracyDifference),
      range(comparison.differenceInterval),
      String(comparison.onlyFirstRight),
      String(comparison.onlySecondRight),
      String(comparison.rows),
      pValue(comparison.pValue).replace('p = ', '').replace('p ', ''),
    ]),
  );
  const method =
    "Rows that one of the two did not answer are left out. Interval: Tango's score interval for paired shares. p: exact McNemar test.";
  return [table, method];
}

function perClassTable({ student, teacher, basis }: EvaluationReport): string {
  const header = ['label', 'precision', 'recall', 'F1', ...(teacher === null ? [] : ["teacher's F1"])];
  const rows = student.confusion.labels.map((label) => {
    const metrics = student.perClass[label];
    const ofTeacher = teacher === null ? [] : [teacher.perClass[label]?.f1];
    const figures = [metrics?.precision, metrics?.recall, metrics?.f1, ...ofTeacher];
    return [plainText(label), ...figures.map((value) => value?.toFixed(3) ?? ''), String(metrics?.support ?? '')];
  });
  return markdownTable([...header, basis === 'gold' ? 'gold rows' : 'validation rows'], rows);
}

function confusionSection(student: ClassificationReport, basis: EvaluationReport['basis']): string {
  const { labels, counts } = student.confusion;
  const columns = [...labels.map(plainText), ...(student.unanswered > 0 ? ['no answer'] : [])];
  const truth = basis === 'gold' ? "people's label" : "teacher's label";
  if (labels.length <= mostLabelsInMatrix) {
    const rows = labels.map((label, row) => [
      `**${plainText(label)}**`,
      ...(counts[row] ?? []).map((count, column) => (row === column ? `**${count}**` : String(count))),
    ]);
    return markdownTable([`${truth} ↓ student →`, ...columns], rows);
  }
  const confusions = labels
    .flatMap((label, row) =>
      (counts[row] ?? []).map((count, column) => ({
        cells: [plainText(label), columns[column] ?? '', String(count)],
        count: row === column ? 0 : count,
      })),
    )
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, mostConfusionsListed);
  if (confusions.length === 0) return 'Nothing: no row got another label.';
  return markdownTable(
    [truth, 'student', 'rows'],
    confusions.map(({ cells }) => cells),
  );
}

function factsList({ overlap, cost, certificate, weighing }: EvaluationReport): string {
  const { teacherMicrosPerThousand: micros, studentTextsPerSecond: speed } = cost;
  return [
    ...(weighing ? [weighingInWords(weighing)] : []),
    ...(certificate ? [`Labels: ${certificateInWords(certificate)}`] : []),
    overlap.texts === 0
      ? 'No text stands both among the training texts and the test rows.'
      : `Found both among the training texts and the test rows, and left out of training: ${counted(overlap.texts, 'text')}.`,
    ...(overlap.alike
      ? [
          `Test rows that say what a training text says but for case, numbers, punctuation and the order of words: ${overlap.alike}. They may flatter the student.`,
        ]
      : []),
    `Teacher: ${micros === null ? 'the price is not known' : `${dollars(micros)} for a thousand texts, as this run paid`}.`,
    `Student: ${speed === null ? 'the speed was not measured' : `${speed < 10 ? speed.toFixed(1) : Math.round(speed)} texts a second on this machine`}.`,
  ]
    .map((fact) => `- ${fact}`)
    .join('\n');
}

function comparisonWith(report: EvaluationReport, other: string): PairedComparison | undefined {
  return report.comparisons.find(({ first, second }) => first === 'student' && second === other);
}
