/** Reads the label out of a reply. Never guesses: where two labels could be meant, or none, the vote is unreadable. */
import { jsonrepair } from 'jsonrepair';
import type { Label, PromptStyle, TeacherReply, Unreadable, Vote } from '../contracts/index.js';

type Fields = Record<string, unknown>;

/** Braces that are tried as the start of an object; a reply of thousands of braces must not cost minutes. */
const MAX_OBJECTS_TRIED = 20;

/** Letters that an alias needs before it is looked for inside a sentence: "a" or "2" would be found by chance. */
const MIN_LETTERS_OF_WORD = 2;

/** In this order: what the model thought aloud is dropped; a JSON object with a label; a broken one, repaired if the reply
 *  was not cut off; the only label that stands in the reply as a whole word. */
export function readReply(
  reply: Pick<TeacherReply, 'content' | 'finishReason'>,
  labels: Label[],
  style: PromptStyle,
): Vote {
  if (reply.finishReason === 'filtered') return unreadable('filtered');
  const cutOff = reply.finishReason === 'length';
  const content = withoutThinking(reply.content).trim();
  if (content === '') return unreadable(cutOff ? 'truncated' : 'empty');

  const objects = wholeObjects(content).filter((object) => field(object, 'label') !== undefined);
  if (objects.length > 0) return voteOfObjects(objects, labels);
  if (cutOff) return unreadable('truncated');

  const repaired = repairedObjects(content, reply.finishReason === 'stop');
  if (repaired.length > 0) return voteOfObjects(repaired, labels);
  if (style === 'reasoned' && content.includes('{')) return unreadable('no-label');
  return voteOfWords(content, labels);
}

/** Thoughts stand at the start. Unclosed: all is thought. Some templates open them in the prompt, so that only the end shows. */
function withoutThinking(content: string): string {
  const rest = content.replace(/^(?:\s*<think(?:ing)?>[\s\S]*?<\/think(?:ing)?>)+/i, '');
  if (/^\s*<think(?:ing)?>/i.test(rest)) return '';
  if (rest !== content || rest.trimStart().startsWith('{')) return rest;
  const lastEnd = Math.max(rest.lastIndexOf('</think>'), rest.lastIndexOf('</thinking>'));
  return lastEnd === -1 ? rest : rest.slice(rest.indexOf('>', lastEnd) + 1);
}

/** All objects of the text that are JSON as they stand, outermost first. */
function wholeObjects(content: string): Fields[] {
  const objects: Fields[] = [];
  let start = content.indexOf('{');
  for (let tried = 0; start !== -1 && tried < MAX_OBJECTS_TRIED; tried++) {
    const end = endOfObject(content, start);
    const object = end === -1 ? null : parseObject(content.slice(start, end));
    if (object !== null) objects.push(object);
    start = content.indexOf('{', object === null ? start + 1 : end);
  }
  return objects;
}

/** Index after the brace that closes the one at start, minding strings; -1: it is never closed. */
function endOfObject(content: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let index = start; index < content.length; index++) {
    const character = content[index];
    if (inString) {
      if (character === '\\') index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return index + 1;
  }
  return -1;
}

function parseObject(json: string): Fields | null {
  try {
    return JSON.parse(json) as Fields;
  } catch {
    // Not JSON as it stands: it may be repaired later.
    return null;
  }
}

/** Objects with a label in the repaired text from the first brace to the last. A missing last brace is only added where the
 *  provider says that the model stopped by itself and the last value is complete. */
function repairedObjects(content: string, stopped: boolean): Fields[] {
  const start = content.indexOf('{');
  if (start === -1) return [];
  const end = content.lastIndexOf('}') + 1;
  const closed = end > start;
  if (!closed && !(stopped && content.endsWith('"'))) return [];
  try {
    const value: unknown = JSON.parse(jsonrepair(closed ? content.slice(start, end) : content.slice(start)));
    return [value].flat().filter(hasLabel);
  } catch {
    // Beyond repair: whatever jsonrepair or the parser say of it, the reply has no object that can be read.
    return [];
  }
}

function hasLabel(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && field(value as Fields, 'label') !== undefined;
}

/** The value of a key in whatever case and with white space around it. */
function field(object: Fields, name: string): unknown {
  return Object.entries(object).find(([key]) => key.trim().toLowerCase() === name)?.[1];
}

function voteOfObjects(objects: Fields[], labels: Label[]): Vote {
  const named = objects.map((object) => labelOf(field(object, 'label'), labels));
  const label = named[0] ?? null;
  if (named.some((each) => each !== label)) return unreadable('several-labels');
  if (label === null) return unreadable('no-label');
  const reason = objects.map((object) => field(object, 'reason')).find((each) => typeof each === 'string');
  return { label, reason: reason?.trim() || null, unreadable: null };
}

/** The label whose name or alias the whole value is. */
function labelOf(value: unknown, labels: Label[]): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  for (const form of [folded, bare]) {
    const wanted = form(String(value));
    const meant = labels.filter((label) => spellings(label).some((spelling) => form(spelling) === wanted));
    if (wanted !== '' && meant.length === 1) return meant[0]?.name ?? null;
  }
  return null;
}

function voteOfWords(content: string, labels: Label[]): Vote {
  const whole = labelOf(content, labels);
  if (whole !== null) return { label: whole, reason: null, unreadable: null };
  const owners = new Map<string, string>();
  for (const label of labels) {
    for (const spelling of spellings(label)) if (isWord(spelling)) owners.set(folded(spelling), label.name);
  }
  const found = new Set<string>();
  for (const [word] of folded(content).matchAll(wordPattern([...owners.keys()]))) found.add(owners.get(word) as string);
  const [label] = found;
  if (label === undefined) return unreadable('no-label');
  return found.size > 1 ? unreadable('several-labels') : { label, reason: null, unreadable: null };
}

/** Longer words first: "card payment" is not a mention of "card". */
function wordPattern(words: string[]): RegExp {
  if (words.length === 0) return /(?!)/g;
  const longestFirst = words.sort((a, b) => b.length - a.length).map(escaped);
  return new RegExp(`(?<![\\p{L}\\p{M}\\p{N}_])(?:${longestFirst.join('|')})(?![\\p{L}\\p{M}\\p{N}_])`, 'gu');
}

function escaped(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function spellings({ name, aliases }: Label): string[] {
  return [name, ...aliases];
}

function isWord(spelling: string): boolean {
  return (spelling.match(/\p{L}/gu)?.length ?? 0) >= MIN_LETTERS_OF_WORD;
}

function folded(value: string): string {
  return value.normalize('NFC').toLowerCase().trim();
}

/** Without the quotes, stars and full stops that models put around a label. */
function bare(value: string): string {
  const characters = [...folded(value)];
  const isInk = (character: string) => /[^\s\p{P}`]/u.test(character);
  return characters.slice(characters.findIndex(isInk), characters.findLastIndex(isInk) + 1).join('');
}

function unreadable(why: Unreadable): Vote {
  return { label: null, reason: null, unreadable: why };
}
