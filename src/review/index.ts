export type { AlternativeAnnotatorTest } from './alternative-annotator.js';
export { pullFromArgilla, pushToArgilla } from './argilla-api.js';
export { type AuditDraw, type Audited, certify, drawAudit, LONGEST_AUDIT } from './audit.js';
export { type CheckedSheet, ReviewFileError } from './check-sheet.js';
export { ConfidentThresholds } from './confident-learning.js';
export { DOUBT_WEIGHTS, type Doubt, type DoubtFacts, DoubtJudge, type DoubtSigns } from './doubt.js';
export { suggestedFixes } from './doubt-queue.js';
export { type AuditCounts, auditSize, mostWrong } from './error-bound.js';
export {
  importFile,
  labelledRows,
  queueOf,
  type ReviewStatus,
  reviewStatus,
  rowsToAdjudicate,
  rowsToAudit,
  rowsToFix,
  takeSheet,
} from './exchange.js';
export { type FoundReview, findReview } from './find-review.js';
export { REVIEW_FORMATS, type ReviewFormat, writeReviewFile } from './formats.js';
export { takeDisputes, writeDisputable } from './gold-disputes.js';
export { pullFromLabelStudio, pushToLabelStudio } from './label-studio-api.js';
export { countNearDuplicates, NearDuplicates } from './near-duplicates.js';
export { type GateDoor, GateDoorError } from './page/gate-door.js';
export { openPageApp, type PageApp, type PageAppOptions } from './page/open-page-app.js';
export { signToken, TOKEN_DAYS } from './page/reviewer-token.js';
export { NoReviewError, OutdatedReviewError, ofRevision, ReviewFolder } from './review-folder.js';
export { ReviewLog } from './review-log.js';
export type { Handout, Sheet } from './sheet.js';
export { ReviewToolError } from './tool-api.js';
