/** Texts of others as people can judge them: what can't be seen, or turns the direction of what follows, is named. */
import { type Child, h } from './dom.js';

/** Control characters but for tab and line feed, marks of direction and format but for those that join letters and emoji or
 *  can be seen, and halves of characters. */
const UNSEEN = '(?!\\t|\\n|\\u200c|\\u200d|[\\u0600-\\u0605]|\\u06dd|\\u070f)[\\p{Cc}\\p{Cf}\\p{Cs}]';
/** One of them, as often as it stands there in a row. */
const RUN = new RegExp(`(${UNSEEN})\\1*`, 'gu');

const NAMES: Readonly<Record<string, string>> = {
  '\u0000': 'NUL',
  '\u061c': 'ALM',
  '\u200b': 'ZWSP',
  '\u200e': 'LRM',
  '\u200f': 'RLM',
  '\u202a': 'LRE',
  '\u202b': 'RLE',
  '\u202c': 'PDF',
  '\u202d': 'LRO',
  '\u202e': 'RLO',
  '\u2066': 'LRI',
  '\u2067': 'RLI',
  '\u2068': 'FSI',
  '\u2069': 'PDI',
  '\ufeff': 'BOM',
};

/** Its direction is its own: it does not turn what stands around it. */
export function shownText(text: string): HTMLElement {
  return h('bdi', {}, ...parts(text));
}

/** Without line breaks. longest: characters after which it is cut off. cut: whether it was before. */
export function shownLine(text: string, { cut = false, longest = Number.POSITIVE_INFINITY } = {}): HTMLElement {
  const line = text.slice(0, longest).replace(/\s+/g, ' ').trim();
  return h('bdi', {}, ...parts(line), cut || text.length > longest ? '…' : null);
}

/** Elements for what can't be seen in one text: tens of thousands would stop the page. */
const MOST_MARKERS = 500;

function parts(text: string): Child[] {
  const shown: Child[] = [];
  let [end, markers] = [0, 0];
  for (const { 0: run, 1: character = '', index } of text.matchAll(RUN)) {
    // A carriage return before a line feed is part of the line break.
    const lineBreak = run.endsWith('\r') && text[index + run.length] === '\n' ? 1 : 0;
    const count = run.length / character.length - lineBreak;
    shown.push(text.slice(end, index));
    if (count > 0) shown.push(markers++ < MOST_MARKERS ? marker(character, count) : `⟨${nameOf(character, count)}⟩`);
    end = index + run.length;
  }
  shown.push(text.slice(end));
  return shown;
}

function marker(character: string, count: number): HTMLElement {
  return h('span', { class: 'unseen', title: `${pointOf(character)}, which can't be seen` }, nameOf(character, count));
}

function nameOf(character: string, count: number): string {
  return `${NAMES[character] ?? pointOf(character)}${count > 1 ? ` ×${count}` : ''}`;
}

function pointOf(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}
