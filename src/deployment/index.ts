export { type Grid, gridOf } from './grids.js';
export { versionFolder } from './layout.js';
export { LiveStudent, OverloadedError } from './live-student.js';
export { fetchModel, modelCache } from './model-cache.js';
export { type ModelCardFacts, modelCard, trainingEnergy } from './model-card.js';
export { type NewVersion, registerVersion } from './register-version.js';
export {
  deployedPointer,
  deployedVersion,
  deployments,
  deployVersion,
  findVersion,
  listTasks,
  listVersions,
  requireVersions,
  rollback,
  versionToAnswer,
} from './registry.js';
export { RegistryError } from './registry-error.js';
export { answeredRows, predictTexts, type ScoredLabel, scoredLabels } from './scored-labels.js';
export { createStudentApp, type RenderInput } from './student-app.js';
