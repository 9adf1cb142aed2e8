export { type AuditDraw, type Audited, certificateInWords, certify, drawAudit, LONGEST_AUDIT } from './audit.js';
export { type CheckedSheet, checkSheet, ReviewFileError, type SheetToCheck } from './check-sheet.js';
export { ConfidentThresholds } from './confident-learning.js';
export { DOUBT_WEIGHTS, type Doubt, type DoubtFacts, DoubtJudge, type DoubtSigns } from './doubt.js';
export { type AuditCounts, auditSize, mostWrong } from './error-bound.js';
export { NearDuplicates } from './near-duplicates.js';
export { readSheet, type Sheet } from './read-sheet.js';
export { NoReviewError, ReviewFolder } from './review-folder.js';
export { type SheetToWrite, writeSheet } from './write-sheet.js';
