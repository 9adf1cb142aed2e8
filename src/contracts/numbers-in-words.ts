/** Numbers as people read them in messages, reports and boards. Here because every folder writes some. */

/** Of a share of 0 to 1: 0.9214 is "92.1 %". */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** "1 row", "363 rows"; many: where an s does not make the plural. */
export function counted(count: number, one: string, many?: string): string {
  return `${count} ${inNumber(count, one, many)}`;
}

/** The noun alone, for a count that is written otherwise. */
export function inNumber(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}
