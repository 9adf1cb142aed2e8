/** Numbers as people read them on the board. Pure. */
import { inNumber } from '../contracts/index.js';

/** 12 345 678 */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** "1 row", "12 345 rows"; many: where an s does not make the plural. */
export function groupedCount(count: number, one: string, many?: string): string {
  return `${grouped(count)} ${inNumber(count, one, many)}`;
}

/** Of micro-dollars; small amounts with four decimals. */
export function dollars(micros: number | null): string {
  if (micros === null) return 'price not known';
  return `$${(micros / 1e6).toFixed(micros > 0 && micros < 10_000 ? 4 : 2)}`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
