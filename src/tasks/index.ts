export { canonicalJson } from './canonical-json.js';
export { findTask, ownPackageFolder, type TaskPlaces } from './find-task.js';
export { applySet, parseSetArguments } from './overrides.js';
export { readTaskFile } from './read-task-file.js';
export { type ResolvedTask, resolveTask, type TaskSource } from './resolve-task.js';
export { TaskError } from './task-error.js';
