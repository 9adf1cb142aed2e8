/** Which versions there are, and which one is deployed. */
import { ZodError, type ZodType } from 'zod';
import { DeployedPointer, ModelVersion, nearest } from '../contracts/index.js';
import { MissingArtifactError, type Store } from '../store/index.js';
import { historyFolder, MODELS_FOLDER, pointerFile, versionFile, versionsFolder } from './layout.js';
import { RegistryError } from './registry-error.js';

/** Names of the tasks that have a version, sorted. */
export async function listTasks(store: Store): Promise<string[]> {
  const tasks: string[] = [];
  for (const task of await store.names(MODELS_FOLDER)) {
    if ((await listVersions(store, task)).length > 0) tasks.push(task);
  }
  return tasks;
}

/** Oldest first; empty for a task that has none. */
export async function listVersions(store: Store, task: string): Promise<ModelVersion[]> {
  const versions: ModelVersion[] = [];
  for (const name of await store.names(versionsFolder(task))) {
    const version = await readVersion(store, task, Number(name));
    if (version !== null) versions.push(version);
  }
  return versions;
}

/** Throws RegistryError that says which versions, or which tasks, there are. */
export async function findVersion(store: Store, task: string, version: number): Promise<ModelVersion> {
  const found = await readVersion(store, task, version);
  if (found !== null) return found;
  const versions = (await requireVersions(store, task)).map((each) => each.version);
  throw new RegistryError(`task ${task} has no version ${version}; it has ${versions.join(', ')}`);
}

/** listVersions, which throws RegistryError for a task that has none. */
export async function requireVersions(store: Store, task: string): Promise<ModelVersion[]> {
  const versions = await listVersions(store, task);
  if (versions.length > 0) return versions;
  const tasks = await listTasks(store);
  const guess = nearest(task, tasks);
  const there =
    tasks.length === 0
      ? 'the store has no models yet'
      : `there are models of ${tasks.join(', ')}${guess === null ? '' : ` (did you mean ${guess}?)`}`;
  throw new RegistryError(`task ${task} has no models in ${store.ref.uri}; ${there}`);
}

/** null: nothing is deployed. */
export async function deployedPointer(store: Store, task: string): Promise<DeployedPointer | null> {
  return readJson(store, pointerFile(task), DeployedPointer);
}

/** null: nothing is deployed. */
export async function deployedVersion(store: Store, task: string): Promise<ModelVersion | null> {
  const pointer = await deployedPointer(store, task);
  return pointer === null ? null : findVersion(store, task, pointer.version);
}

/** The version that is asked for, or the deployed one (null). Throws RegistryError where there is none. */
export async function versionToAnswer(store: Store, task: string, version: number | null): Promise<ModelVersion> {
  const model = version === null ? await deployedVersion(store, task) : await findVersion(store, task, version);
  if (model !== null) return model;
  const versions = (await requireVersions(store, task)).map((each) => each.version);
  throw new RegistryError(`task ${task} has no deployed version; name one with --version: ${versions.join(', ')}`);
}

/** Makes a version the deployed one, in one step. Does nothing when it is already. comparedWith: the version that it was found
 *  good enough to replace, null for none; left out: it replaces any. Throws RegistryError when there is no such version, and when
 *  another one has been deployed since the comparison. */
export async function deployVersion(
  store: Store,
  task: string,
  version: number,
  by: string,
  now: () => Date = () => new Date(),
  comparedWith?: number | null,
): Promise<DeployedPointer> {
  await findVersion(store, task, version);
  const current = await deployedPointer(store, task);
  if (current?.version === version) return current;
  if (current !== null && comparedWith !== undefined && current.version !== comparedWith) {
    const compared = comparedWith === null ? 'nothing was deployed' : `version ${comparedWith} was deployed`;
    throw new RegistryError(
      `version ${version} of ${task} is registered and not deployed: it was compared when ${compared}, and now version ${current.version} is, by ${current.by}. Run it again, which compares it with that one, or deploy it all the same: tutelage rollback ${task} --to ${version}`,
    );
  }
  return movePointer(store, task, { version, at: now().toISOString(), by, previous: current?.version ?? null });
}

/** Goes back to the version that was deployed before, or to the given one. A second rollback goes further back, not
 *  forward again. Throws RegistryError when there is nothing to go back to. */
export async function rollback(
  store: Store,
  task: string,
  by: string,
  to?: number,
  now: () => Date = () => new Date(),
): Promise<DeployedPointer> {
  await requireVersions(store, task);
  const current = await deployedPointer(store, task);
  const version = to ?? current?.previous ?? null;
  if (version === null) {
    const why = current === null ? 'nothing is deployed' : `version ${current.version} is the first that was deployed`;
    throw new RegistryError(`task ${task} can't be rolled back: ${why}; name a version with --to`);
  }
  await findVersion(store, task, version);
  if (version === current?.version) return current;
  const earlier = (await deployments(store, task)).findLast((deployment) => deployment.version === version);
  const previous = earlier === undefined ? (current?.version ?? null) : earlier.previous;
  return movePointer(store, task, { version, at: now().toISOString(), by, previous });
}

/** All moves of the pointer, oldest first. */
export async function deployments(store: Store, task: string): Promise<DeployedPointer[]> {
  const found: DeployedPointer[] = [];
  for (const path of await store.list(historyFolder(task))) {
    const deployment = await readJson(store, path, DeployedPointer);
    if (deployment !== null) found.push(deployment);
  }
  return found;
}

/** The history comes first: a pointer without an entry would hide who deployed. */
async function movePointer(store: Store, task: string, pointer: DeployedPointer): Promise<DeployedPointer> {
  const json = `${JSON.stringify(pointer, null, 2)}\n`;
  // Colons can't stand in file names everywhere.
  const name = `${pointer.at.replaceAll(':', '-')}-${String(pointer.version).padStart(6, '0')}.json`;
  await store.write(`${historyFolder(task)}/${name}`, json);
  await store.write(pointerFile(task), json);
  return pointer;
}

function readVersion(store: Store, task: string, version: number): Promise<ModelVersion | null> {
  return readJson(store, versionFile(task, version), ModelVersion);
}

/** null: there is no such file. Throws RegistryError for one that doesn't hold what it should. */
async function readJson<Value>(store: Store, path: string, schema: ZodType<Value>): Promise<Value | null> {
  try {
    return schema.parse(JSON.parse(Buffer.from(await store.read(path)).toString('utf8')));
  } catch (cause) {
    if (cause instanceof MissingArtifactError) return null;
    if (!(cause instanceof SyntaxError || cause instanceof ZodError)) throw cause;
    const problem = `${path} in ${store.ref.uri} is damaged, or of another version of Tutelage`;
    throw new RegistryError(`${problem}: restore it from a backup, or remove it`, { cause });
  }
}
