/** Tables in Markdown whose cells may hold anything that a user calls a label. */

/** A table with a header; columns after the first are aligned right where `numeric` says so. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[], numeric = true): string {
  const rule = header.map((_, column) => (numeric && column > 0 ? '---:' : '---'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Text from users as it stands in a sentence or a cell: one line, with nothing that Markdown or HTML would read. */
export function plainText(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]|#]/g, '\\$&')
    .replace(/</g, '&lt;');
}
