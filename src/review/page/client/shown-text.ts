/** Texts of others as people can judge them: what can't be seen, or turns the direction of what follows, is named. */
import { type Child, h } from './dom.js';

/** Control characters but for tab and line feed, marks of direction and format but for those that join letters and emoji or
 *  can be seen, and halves of characters. */
const UNSEEN = /(?!\t|\n|\u200c|\u200d|[\u0600-\u0605]|\u06dd|\u070f)[\p{Cc}\p{Cf}\p{Cs}]/gu;

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

function parts(text: string): Child[] {
  const shown: Child[] = [];
  let end = 0;
  for (const { 0: character, index } of text.matchAll(UNSEEN)) {
    // A carriage return before a line feed is part of the line break.
    const lineBreak = character === '\r' && text[index + 1] === '\n';
    shown.push(text.slice(end, index));
    if (!lineBreak) shown.push(marker(character));
    end = index + character.length;
  }
  shown.push(text.slice(end));
  return shown;
}

function marker(character: string): HTMLElement {
  const point = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  return h('span', { class: 'unseen', title: `${point}, which can't be seen` }, NAMES[character] ?? point);
}
