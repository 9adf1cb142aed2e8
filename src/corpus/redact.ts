/** Replaces what a teacher must not see by placeholders. */
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { PlaceholderName, parseOrExplain, type RedactionRule } from '../contracts/index.js';
import { CorpusError } from './corpus-error.js';

export interface ReplacedSpan {
  placeholder: string;
  value: string;
}

export interface Redaction {
  /** The text with placeholders; the text itself where nothing was replaced. */
  asked: string;
  /** By placeholder, in the order of the text; equal values of one kind share one. */
  spans: ReplacedSpan[];
}

export type Redactor = (text: string) => Promise<Redaction>;

const Span = z.strictObject({
  start: z.number().int().min(0).describe('UTF-16 offset of the first code unit.'),
  end: z.number().int().min(1).describe('Offset after the last one.'),
  as: PlaceholderName,
});
type Span = z.infer<typeof Span>;

type Finder = (text: string) => Promise<Span[]>;

/** Imports the rules' modules. The same text is always redacted alike, so that its replies are found again.
 *  Throws CorpusError for a module that can't be used; so does the redactor for spans that don't fit their text. */
export async function openRedactor(rules: readonly RedactionRule[]): Promise<Redactor> {
  const finders: Finder[] = [];
  for (const [index, rule] of rules.entries()) {
    finders.push('module' in rule ? await moduleFinder(rule.module, `redact.${index}.module`) : patternFinder(rule));
  }
  return async (text) => {
    const chosen: Span[] = [];
    for (const find of finders) {
      for (const span of await find(text)) {
        if (chosen.every(({ start, end }) => span.end <= start || end <= span.start)) chosen.push(span);
      }
    }
    return replace(
      text,
      chosen.sort((one, other) => one.start - other.start),
    );
  };
}

function patternFinder({ as, ignoreCase, pattern }: Extract<RedactionRule, { pattern: string }>): Finder {
  const expression = new RegExp(pattern, ignoreCase ? 'giu' : 'gu');
  return async (text) =>
    [...text.matchAll(expression)]
      // A look-around can match nothing in the midst of a text.
      .filter(([value]) => value !== '')
      .map(({ 0: value, index }) => ({ start: index, end: index + value.length, as }));
}

async function moduleFinder(path: string, field: string): Promise<Finder> {
  const refuse = (problem: string, mend: string) => new CorpusError({ field, path, problem, mend });
  const loaded = (await import(pathToFileURL(path).href).catch((error: Error) => {
    throw refuse(`the module can't be loaded (${error.message})`, "Name a JavaScript module on the workers' disk");
  })) as { default?: unknown };
  const find = loaded.default;
  if (typeof find !== 'function') {
    throw refuse('its default export is no function', 'Export a function that takes a text and returns spans');
  }
  return async (text) => {
    // Its message may hold parts of the text.
    const found = await Promise.resolve()
      .then(() => find(text))
      .catch((error: Error) => {
        throw refuse(`it failed with ${error.name} on a text of ${text.length} code units`, 'Mend the module');
      });
    const parsed = parseOrExplain(z.array(Span), found);
    if (!parsed.ok)
      throw refuse(`what it returned is no list of spans: ${parsed.problems}`, 'Return [{start, end, as}]');
    const outside = parsed.value.find(({ start, end }) => start >= end || end > text.length);
    if (outside !== undefined) {
      throw refuse(
        `the span ${outside.start} to ${outside.end} does not fit a text of ${text.length} code units`,
        'Return offsets of the text with start < end',
      );
    }
    return parsed.value;
  };
}

/** spans: apart from each other, in the order of the text. */
function replace(text: string, spans: readonly Span[]): Redaction {
  const placeholders = new Map<string, ReplacedSpan>();
  const used = new Map<string, number>();
  let asked = '';
  let from = 0;
  for (const { start, end, as } of spans) {
    const value = text.slice(start, end);
    const id = `${as} ${value}`;
    let replaced = placeholders.get(id);
    if (replaced === undefined) {
      let number = used.get(as) ?? 0;
      // Skips what the text says by itself.
      do number++;
      while (text.includes(`[${as}_${number}]`));
      used.set(as, number);
      replaced = { placeholder: `[${as}_${number}]`, value };
      placeholders.set(id, replaced);
    }
    asked += text.slice(from, start) + replaced.placeholder;
    from = end;
  }
  return { asked: asked + text.slice(from), spans: [...placeholders.values()] };
}
