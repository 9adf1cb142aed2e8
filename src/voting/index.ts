export { type Aggregated, dawidSkene, majority, type VoteTable, weightedMajority } from './aggregation.js';
export { type Agreement, AgreementTally, namedAgreement } from './agreement.js';
export { addCounts, emptyCounts, spendingOf } from './annotation-counts.js';
export {
  calibratedDistribution,
  calibrateShares,
  chanceOfRight,
  type JudgedLabel,
  LEAST_JUDGED,
  LEAST_OF_EACH,
  type ShareCalibration,
} from './calibration.js';
export {
  aggregate,
  type ChosenMethod,
  chooseMethod,
  indexByVotes,
  type KnownText,
} from './choose-method.js';
export { createAlpha, krippendorffAlpha } from './krippendorff-alpha.js';
export {
  type DecidedLabel,
  decideByPosterior,
  decideLabel,
  hasLeader,
  outcomeIsFixed,
  type PosteriorOfText,
  type VotesOfText,
  type VotesSoFar,
} from './majority.js';
export { seededFraction } from './seeded-fraction.js';
export {
  addSpending,
  fits,
  grantOf,
  inEach,
  leftOf,
  NO_LIMIT,
  NOTHING_SPENT,
  subtractSpending,
} from './spending.js';
export { type Combination, VoteCombinations } from './vote-combinations.js';
