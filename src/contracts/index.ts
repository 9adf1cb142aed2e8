export {
  AnnotationInput,
  AnnotationResult,
  BatchProgress,
  ChunkProgress,
  ChunkResult,
  Pace,
  ShardState,
} from './annotation.js';
export { ArtifactRef, RunRef, StoreRef } from './artifact.js';
export { BatchSettings, hoursOfWindow } from './batch-settings.js';
export { BudgetDecision, BudgetOutcome, RunBudgetState, ShardBudget } from './budget-decision.js';
export { Certificate } from './certificate.js';
export {
  AddedColumns,
  BlockInput,
  ClassificationInput,
  ClassificationPlan,
  ClassificationResult,
  ClassificationState,
  Classified,
  ClassifiedBlock,
  JoinInput,
  RefusedRow,
  SplitInput,
} from './classification.js';
export {
  ChunkEntry,
  ChunkSet,
  CorpusCounts,
  CorpusInput,
  ExamplesInput,
  GoldInput,
  InputFileEntry,
  Manifest,
  TextRow,
} from './corpus.js';
export {
  ClassificationReport,
  ClassMetrics,
  CurvePoint,
  EvaluationReport,
  EvaluationSummary,
  Interval,
  LadderReport,
  LadderStep,
  LearningCurve,
  PairedComparison,
} from './evaluation.js';
export { FailureType } from './failure-types.js';
export { GateCheck, GateDecision, GateName, GateOutcome, GateSignal, RevisionSignal } from './gate.js';
export { DeploymentGateSettings, LabelsGateSettings } from './gate-settings.js';
export { AgreementReport, LabelRow, NamedAgreement, VoteSummary, Weighing } from './label.js';
export {
  PersonName,
  REVIEW_NEWS_SIGNAL,
  redistillationId,
  reviewWorkflowId,
  SEARCH_ATTRIBUTES,
  TASK_QUEUES,
  TRAINING_NEWS_SIGNAL,
  WorkerRole,
} from './names.js';
export { counted, inNumber, percent } from './numbers-in-words.js';
export { PreparedRun, PreparedTeacher, ProbeResult } from './prepared-run.js';
export { describeProblems, nearest, parseOrExplain } from './problems.js';
export { DeployedPointer, ModelVersion, Provenance } from './registry.js';
export {
  AnnotationCounts,
  FinishReason,
  RecordedReply,
  StoredReply,
  TeacherCounts,
  TeacherReply,
  Unreadable,
  Vote,
} from './reply.js';
export { RetentionPolicy } from './retention.js';
export {
  Audit,
  GoldDispute,
  RankInput,
  RankOutcome,
  ReviewDecision,
  ReviewQueue,
  ReviewRecord,
  ReviewRow,
  SecondOpinion,
} from './review.js';
export { ReviewNews } from './review-news.js';
export { DecideRequest, GateRequest, QueueName, QueueQuery, RowsQuery, WithdrawRequest } from './review-page.js';
export { RevisedLabels, Revision, RevisionOutcome, RevisionPlan, RevisionRecord } from './revision.js';
export {
  DistillationInput,
  DistillationResult,
  Progress,
  RedistillationInput,
  Stage,
} from './run.js';
export { DecisionById, LabelsState, RunState } from './run-state.js';
export { S3JournalSettings } from './s3-journal-settings.js';
export { PredictRequest, ServeSettings } from './serving.js';
export { Currency, Grant, MOST_BUDGET, Spending } from './spending.js';
export {
  BatchesInput,
  BatchesSeen,
  BatchStep,
  ChooseInput,
  ChooseOutcome,
  ChunkInput,
  ControlInput,
  CorrectionInput,
  CorrectionOutcome,
  CurveInput,
  CurveOutcome,
  DeployInput,
  DeployOutcome,
  DistillInput,
  DrawCurveInput,
  EvaluateInput,
  EvaluateOutcome,
  NotifyInput,
  PrepareInput,
  ReviewInput,
  RevisedRun,
  ReviseInput,
  RunOutcome,
  SettleInput,
  SpentBeforeInput,
  TrainedCandidate,
  VoteInput,
  VoteOutcome,
  WaitNotice,
} from './stages.js';
export { TrainingExample, TrainingNews, TrainingProgress, TrainingSummary } from './student.js';
export {
  EncoderSettings,
  FrozenSettings,
  LadderSettings,
  LinearSettings,
  OneStudentSettings,
  StudentSettings,
} from './student-settings.js';
export {
  AnnotationSettings,
  Budget,
  chunkingOf,
  EvaluationSettings,
  Label,
  PlaceholderName,
  RedactionRule,
  Task,
  WorkedExample,
} from './task.js';
export { TeacherSettings } from './teacher-settings.js';
export {
  AggregationMethod,
  asksEveryVote,
  isAskedInBatches,
  OWN_TEACHER,
  PlannedVotes,
  PromptStyle,
  TeacherName,
  VoteSettings,
} from './vote-settings.js';
