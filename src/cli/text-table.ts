/** Tables of text for terminals. */
import pc from 'picocolors';

/** Columns as wide as their widest cell, a bold head, the marked rows in green. Ends with a line end. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  isMarked: (index: number) => boolean,
): string {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const lines = rows.map((row, index) => (isMarked(index) ? pc.green(line(row)) : line(row)));
  return `${[pc.bold(line(head)), ...lines].join('\n')}\n`;
}
