export { type AuditDraw, type Audited, certify, drawAudit, LONGEST_AUDIT } from './audit.js';
export { type CheckedSheet, ReviewFileError } from './check-sheet.js';
export { ConfidentThresholds } from './confident-learning.js';
export { DOUBT_WEIGHTS, type Doubt, type DoubtFacts, DoubtJudge, type DoubtSigns } from './doubt.js';
export { type AuditCounts, auditSize, mostWrong } from './error-bound.js';
export {
  importSheet,
  queueOf,
  type ReviewStatus,
  reviewStatus,
  rowsToAudit,
  rowsToFix,
} from './exchange.js';
export { NearDuplicates } from './near-duplicates.js';
export { NoReviewError, ReviewFolder } from './review-folder.js';
export { type SheetToWrite, writeSheet } from './write-sheet.js';
