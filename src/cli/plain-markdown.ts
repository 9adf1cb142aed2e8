/** Markdown as terminals show it: tables in columns, code indented, no emphasis. */
import { textTable } from './text-table.js';

const TABLE_LINE = /^\|.*\|$/;
const RULE = /^\|[\s:|-]+\|$/;

export function plainMarkdown(markdown: string): string {
  const shown: string[] = [];
  let table: string[][] = [];
  let code = false;
  for (const line of [...markdown.split('\n'), '']) {
    if (!code && TABLE_LINE.test(line)) {
      if (!RULE.test(line)) table.push(cellsOf(line));
      continue;
    }
    const [head, ...rows] = table;
    if (head !== undefined) shown.push(textTable(head, rows, () => false).trimEnd());
    table = [];
    if (line.startsWith('```')) code = !code;
    else shown.push(code ? `  ${line}` : withoutEmphasis(line));
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
