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
    else shown.push(code ? `  ${line}` : shownAs(line));
  }
  return shown.join('\n').trimEnd();
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => shownAs(cell.trim()));
}

/** Without emphasis, and with what plainText escaped as it was. */
function shownAs(text: string): string {
  return text.replace(/\*\*|&lt;|\\([\\`*_[\]|#])/g, (token, character?: string) => {
    if (character !== undefined) return character;
    return token === '&lt;' ? '<' : '';
  });
}
