/** Where the registry's files lie in the store. */

/** One folder a task. */
export const MODELS_FOLDER = 'models';

export function versionsFolder(task: string): string {
  return `${MODELS_FOLDER}/${task}/versions`;
}

/** Holds the student's files beside version.json and claim.json. */
export function versionFolder(task: string, version: number): string {
  return `${versionsFolder(task)}/${String(version).padStart(6, '0')}`;
}

/** Written last: a version without it was never finished. */
export function versionFile(task: string, version: number): string {
  return `${versionFolder(task, version)}/version.json`;
}

/** Says which run and which files a number belongs to. */
export function claimFile(task: string, version: number): string {
  return `${versionFolder(task, version)}/claim.json`;
}

/** The student's files lie in a folder of their own, so that none of them can be taken for the registry's. */
export function studentFolder(task: string, version: number): string {
  return `${versionFolder(task, version)}/student`;
}

export function pointerFile(task: string): string {
  return `${MODELS_FOLDER}/${task}/deployed.json`;
}

export function historyFolder(task: string): string {
  return `${MODELS_FOLDER}/${task}/history`;
}
