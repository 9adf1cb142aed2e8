/** Overrides of a task's keys: {"votes.stop": "majority", "labels.0.name": "good"}. */
import { isCollection, parseDocument } from 'yaml';
import { TaskError } from './task-error.js';

type Container = Record<string, unknown> | unknown[];

/** A copy of the value with the overrides in it, in their order; missing objects on the way are made. Throws TaskError
 *  where a path leads through something that has no keys, or past the end of a list. */
export function applySet(value: unknown, overrides: Record<string, unknown>): unknown {
  const root = { value: structuredClone(value) };
  for (const [path, override] of Object.entries(overrides)) setAt(root, path, structuredClone(override));
  return root.value;
}

/** ['votes.stop=majority', 'budget.usd=5'] as overrides. Values are YAML scalars, or lists and objects in brackets; of two
 *  for the same path the last counts. Throws TaskError on an argument without "=" or a value that is not YAML. */
export function parseSetArguments(assignments: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(assignments.map(parseAssignment));
}

function parseAssignment(assignment: string): [string, unknown] {
  const equals = assignment.indexOf('=');
  const path = assignment.slice(0, equals).trim();
  if (equals === -1 || path === '') {
    throw new TaskError(`--set ${assignment}: write a key, "=" and a value, for example votes.stop=majority`);
  }
  const written = assignment.slice(equals + 1);
  const document = parseDocument(written, { prettyErrors: false });
  // A value such as "Labels: three" is meant as text; objects are written {Labels: three}.
  if (isCollection(document.contents) && !document.contents.flow) return [path, written.trim()];
  if (document.errors.length > 0) {
    throw new TaskError(`--set ${path}: the value is not YAML (${document.errors[0]?.message}); put it in quotes`);
  }
  return [path, document.toJS()];
}

function setAt(root: { value: unknown }, path: string, override: unknown): void {
  const keys = path.split('.');
  if (keys.includes('') || keys.includes('__proto__')) {
    throw new TaskError(`set ${path}: the path must be keys with dots between them, for example votes.stop`);
  }
  let container: Container = root;
  let key = 'value';
  for (const [index, next] of keys.entries()) {
    const where = keys.slice(0, index).join('.');
    const inner = containerAt(container, key, next, where, path);
    if (Array.isArray(inner) && !(Number(next) <= inner.length && /^\d+$/.test(next))) {
      throw new TaskError(
        `set ${path}: ${where} is a list of ${inner.length}; "${next}" is none of its places, 0 to ${inner.length}`,
      );
    }
    container = inner;
    key = next;
  }
  Reflect.set(container, key, override);
}

/** What stands under the key, if keys can be set in it; a new container where nothing stands. */
function containerAt(outer: Container, key: string, next: string, where: string, path: string): Container {
  const inner: unknown = Object.hasOwn(outer, key) ? Reflect.get(outer, key) : undefined;
  if (typeof inner === 'object' && inner !== null) return inner as Container;
  if (inner !== undefined && inner !== null) {
    throw new TaskError(
      `set ${path}: ${where || 'the task'} is ${typeof inner === 'string' ? 'a string' : inner}, it has no keys`,
    );
  }
  const made: Container = next === '0' ? [] : {};
  Reflect.set(outer, key, made);
  return made;
}
