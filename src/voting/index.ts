export { addCounts, emptyCounts } from './annotation-counts.js';
export { type Alpha, createAlpha, krippendorffAlpha } from './krippendorff-alpha.js';
export {
  type DecidedLabel,
  decideLabel,
  outcomeIsFixed,
  type VotesOfText,
  type VotesSoFar,
} from './majority.js';
export { seededFraction } from './seeded-fraction.js';
