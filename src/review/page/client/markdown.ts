/** The Markdown that gates show, as elements: paragraphs, headings, lists, tables, code. Nothing of it is taken as HTML. */
import { type Child, h } from './dom.js';
import { shownText } from './shown-text.js';

export function markdown(source: string): HTMLElement {
  const element = h('div', { class: 'prose' });
  for (const block of blocksOf(source)) element.append(block);
  return element;
}

function blocksOf(source: string): HTMLElement[] {
  const blocks: HTMLElement[] = [];
  const lines = source.split('\n');
  let next = 0;
  const take = (fits: (line: string) => boolean): string[] => {
    const start = next;
    while (next < lines.length && fits(lines[next]!)) next++;
    return lines.slice(start, next);
  };
  while (next < lines.length) {
    const line = lines[next]!;
    const heading = /^(#{1,6}) (.*)$/.exec(line);
    if (line.trim() === '') next++;
    else if (line.startsWith('```')) {
      next++;
      blocks.push(h('pre', { tabindex: 0 }, h('code', {}, take((each) => !each.startsWith('```')).join('\n'))));
      next++;
    } else if (heading !== null) {
      next++;
      blocks.push(h('h3', {}, inline(heading[2]!)));
    } else if (line.startsWith('|')) blocks.push(table(take((each) => each.startsWith('|'))));
    else if (/^[-*] /.test(line)) {
      const items = take((each) => /^[-*] /.test(each));
      blocks.push(
        h(
          'ul',
          {},
          items.map((item) => h('li', {}, inline(item.slice(2)))),
        ),
      );
    } else {
      const text = take((each) => each.trim() !== '' && !/^(```|#{1,6} |\||[-*] )/.test(each));
      // A line that begins like a block and is none ends no loop.
      blocks.push(h('p', {}, inline((text.length > 0 ? text : [lines[next++]!]).join(' '))));
    }
  }
  return blocks;
}

function table(lines: readonly string[]): HTMLElement {
  const isRule = (line: string) => /^\|[\s:|-]+\|$/.test(line);
  const [head = [], ...body] = lines.filter((line) => !isRule(line)).map(cellsOf);
  const numbers = cellsOf(lines.find(isRule) ?? '').map((rule) => rule.endsWith(':'));
  const classOf = (column: number) => (numbers[column] ? 'number' : null);
  return h(
    'div',
    { class: 'scrolls', tabindex: 0, role: 'region', 'aria-label': 'Table' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          head.map((cell, column) => h('th', { scope: 'col', class: classOf(column) }, inline(cell))),
        ),
      ),
      h(
        'tbody',
        {},
        body.map((cells) =>
          h(
            'tr',
            {},
            cells.map((cell, column) => h('td', { class: classOf(column) }, inline(cell))),
          ),
        ),
      ),
    ),
  );
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function inline(text: string): Child[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith('`') && part.endsWith('`') && part.length > 1) return h('code', {}, part.slice(1, -1));
    if (part.startsWith('**') && part.endsWith('**') && part.length > 3) return h('strong', {}, part.slice(2, -2));
    return part === '' ? null : shownText(part);
  });
}
