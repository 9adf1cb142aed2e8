export { certificateInWords } from './certificate.js';
export { classificationReport, type PredictionsOnRows } from './classification-report.js';
export { buildReport, type EvaluatedRows } from './evaluation-report.js';
export { alphaInWords } from './figures.js';
export {
  checksTable,
  deploymentGateChecks,
  type LabelsToJudge,
  labelsGateChecks,
  type StudentToJudge,
} from './gate-checks.js';
export { pairedDifferenceInterval, wilsonInterval } from './intervals.js';
export { chooseStep, type LadderInput, ladderChart, ladderMarkdown, type TrainedStep } from './ladder.js';
export { type CurveTraining, curveChart, curveMarkdown, learningCurve } from './learning-curve.js';
export { markdownTable, plainText } from './markdown-table.js';
export { normalQuantile } from './normal-quantile.js';
export { comparePaired, mcnemarExact, type NamedPredictions, type PairedInput } from './paired-comparison.js';
export { type ReportNames, reportMarkdown } from './report-markdown.js';
export { weighingInWords } from './weighing.js';
