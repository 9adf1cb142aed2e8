/** What is wrong with a value that a schema refused, in words that tell people what to write instead. Pure. */
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { counted } from './numbers-in-words.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Most differing characters of a "did you mean". */
const MAX_DISTANCE = 3;
const MAX_SHOWN = 60;

/** Strings under such keys may be secrets that a user put in the wrong place; messages end up in logs. */
const SECRET_KEY = /key|token|secret|password|header/i;

const TYPE_NAMES: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** One line a problem: where (labels.0.name), what was received, what would do. */
export function describeProblems(error: z.core.$ZodError, value: unknown, schema: z.core.$ZodType): string {
  return error.issues.flatMap((issue) => describeIssue(issue, value, schema, [])).join('\n');
}

/** safeParse whose refusal is a message for people. */
export function parseOrExplain<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { ok: true; value: z.output<Schema> } | { ok: false; problems: string } {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, problems: describeProblems(result.error, value, schema) };
}

/** The word that was probably meant: at most 3 edits away, and at most half of it; null: none is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: { candidate: string; edits: number } | null = null;
  for (const candidate of known) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    const likely = edits <= MAX_DISTANCE && 2 * edits <= Math.max(word.length, candidate.length) + 1;
    if (likely && (best === null || edits < best.edits)) best = { candidate, edits };
  }
  return best?.candidate ?? null;
}

/** base: where schema and value stand in the whole; the issue's path goes on from there. */
function describeIssue(issue: Issue, value: unknown, schema: z.core.$ZodType, base: Path): string[] {
  const here = schemaAt(schema, issue.path, value);
  const received = valueAt(value, issue.path);
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = here === null ? [] : keysOf(here, received);
    return issue.keys.map((key) => `${inDots([...path, key])}: unknown key${instead(key, known)}`);
  }
  if (issue.code === 'invalid_union' && 'options' in issue && issue.options !== undefined) {
    return [`${inDots(path)}: ${explainKind(issue.options, received, path)}`];
  }
  if (issue.code === 'invalid_union' && here !== null) return describeUnion(issue, received, here, path);
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => `${inDots(path)}: ${message}`);
  if (issue.code === 'custom') return [`${inDots(path)}: ${issue.message}`];
  const about = here === null ? '' : describeSchema(here);
  return [`${inDots(path)}: ${explain(issue, received, path)}${about === '' ? '' : ` (${about})`}`];
}

/** For the key that tells which of several kinds of object this is. */
function explainKind(kinds: readonly unknown[], value: unknown, path: Path): string {
  const known = kinds.filter((kind) => typeof kind === 'string');
  const guess = typeof value === 'string' ? nearest(value, known) : null;
  const hint = guess === null ? '' : `; did you mean ${JSON.stringify(guess)}?`;
  return `${show(value, path)}; give ${known.map((kind) => JSON.stringify(kind)).join(' or ')}${hint}`;
}

/** The problems of the branch that the value comes closest to, or what the branches want if it is none of their types. */
function describeUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  value: unknown,
  schema: z.core.$ZodType,
  path: Path,
): string[] {
  const union = withoutWrappers(schema);
  const options = union instanceof z.ZodUnion ? union.options : [];
  const branches = issue.errors.map((issues, index) => ({ issues, option: options[index] }));
  const near = branches.filter(({ issues }) => !issues.some(isOfAnotherType));
  near.sort((a, b) => a.issues.length - b.issues.length);
  const closest = near[0];
  if (closest?.option !== undefined) {
    const { issues, option } = closest;
    return issues.flatMap((inner) => describeIssue(inner, value, option, path));
  }
  const wanted = branches.flatMap(({ issues }) => issues.filter(isOfAnotherType).map(wants));
  const about = describeSchema(schema);
  const line = `${inDots(path)}: ${show(value, path)}; give ${[...new Set(wanted)].join(' or ')}`;
  return [about === '' ? line : `${line} (${about})`];
}

function isOfAnotherType(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function explain(issue: Issue, value: unknown, path: Path): string {
  const quoted = issue.code === 'invalid_type' && issue.expected === 'string' && value !== undefined && value !== null;
  const guess =
    issue.code === 'invalid_value' && typeof value === 'string' ? nearest(value, issue.values.map(String)) : null;
  const hint = quoted ? ' (put it in quotes)' : guess === null ? '' : `; did you mean ${JSON.stringify(guess)}?`;
  return `${show(value, path)}; ${ownWords(issue) ?? `give ${wants(issue)}`}${hint}`;
}

/** What the schema itself says would do. */
function ownWords(issue: Issue): string | null {
  return issue.code === 'invalid_format' && !issue.message.startsWith('Invalid') ? issue.message : null;
}

/** What would do, from the issue alone. */
function wants(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.map((allowed) => JSON.stringify(allowed)).join(' or ');
    case 'too_small':
      return bounded(issue.origin, issue.inclusive ? 'at least' : 'more than', issue.minimum);
    case 'too_big':
      return bounded(issue.origin, issue.inclusive ? 'at most' : 'less than', issue.maximum);
    case 'invalid_format':
      if (issue.format === 'url') return 'a URL that begins with http:// or https://';
      return ownWords(issue) ?? `a string like ${issue.pattern ?? issue.format}`;
    default:
      return `something else: ${issue.message}`;
  }
}

function bounded(origin: string, comparison: string, limit: number | bigint): string {
  if (origin === 'string') return `${comparison} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  if (origin === 'array') return `${comparison} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  return `${origin === 'int' ? 'a whole number, ' : ''}${comparison} ${limit}`;
}

function show(value: unknown, path: Path): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') {
    if (path.some((key) => SECRET_KEY.test(String(key)))) return `received ${counted(value.length, 'character')}`;
    return `received ${JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value)}`;
  }
  if (Array.isArray(value)) return `received a list of ${value.length}`;
  return `received ${typeof value === 'object' && value !== null ? 'an object' : String(value)}`;
}

function instead(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  if (guess !== null) return `; did you mean "${guess}"?`;
  return known.length === 0 ? '' : `; the keys here are ${known.join(', ')}`;
}

function inDots(path: Path): string {
  return path.length === 0 ? 'the input' : path.map(String).join('.');
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}

/** The schema of a value inside; null where it can't be told. */
function schemaAt(schema: z.core.$ZodType, path: Path, value: unknown): z.core.$ZodType | null {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  const container = withoutWrappers(schema);
  if (container instanceof z.ZodUnion) {
    const found = optionsFor(container, value).map((option) => schemaAt(option, path, value));
    return found.find((option) => option !== null) ?? null;
  }
  const child = childOf(container, key);
  return child === undefined ? null : schemaAt(child, rest, valueAt(value, [key]));
}

/** Where a key tells the kind of object, the option of the value's kind; else all options. */
function optionsFor(union: z.ZodUnion, value: unknown): readonly z.core.$ZodType[] {
  if (!(union instanceof z.ZodDiscriminatedUnion)) return union.options;
  const { discriminator } = union.def;
  const kind = valueAt(value, [discriminator]) as z.core.util.Primitive;
  return union.options.filter((option) => option._zod.propValues?.[discriminator]?.has(kind));
}

function childOf(container: z.core.$ZodType, key: PropertyKey): z.core.$ZodType | undefined {
  if (container instanceof z.ZodObject) return container.shape[String(key)];
  if (container instanceof z.ZodArray) return container.element;
  return container instanceof z.ZodRecord ? container.valueType : undefined;
}

function keysOf(schema: z.core.$ZodType, value: unknown): string[] {
  const container = withoutWrappers(schema);
  if (container instanceof z.ZodUnion) return optionsFor(container, value).flatMap((option) => keysOf(option, value));
  return container instanceof z.ZodObject ? Object.keys(container.shape) : [];
}

/** The description of the schema or of what it wraps. */
function describeSchema(schema: z.core.$ZodType): string {
  const description = z.globalRegistry.get(schema)?.description;
  if (description !== undefined) return description;
  const inner = unwrap(schema);
  return inner === null ? '' : describeSchema(inner);
}

function withoutWrappers(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = unwrap(schema);
  return inner === null ? schema : withoutWrappers(inner);
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType | null {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodOptional
  ) {
    return schema.def.innerType;
  }
  return schema instanceof z.ZodPipe ? schema.def.in : null;
}
