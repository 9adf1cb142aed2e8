/** Markdown as terminals show it: tables in columns, no emphasis. */
import { textTable } from './text-table.js';

const TABLE_LINE = /^\|.*\|$/;
const RULE = /^\|[\s:|-]+\|$/;

export function plainMarkdown(markdown: string): string {
  const shown: string[] = [];
  let table: string[][] = [];
  for (const line of [...markdown.split('\n'), '']) {
    if (TABLE_LINE.test(line)) {
      if (!RULE.test(line)) table.push(cellsOf(line));
      continue;
    }
    const [head, ...rows] = table;
    if (head !== undefined) shown.push(textTable(head, rows, () => false).trimEnd());
    table = [];
    shown.push(withoutEmphasis(line));
  }
  return shown.join('\n').trimEnd();
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => withoutEmphasis(cell.trim().replaceAll('\\|', '|')));
}

function withoutEmphasis(text: string): string {
  return text.replaceAll('**', '');
}
