/** Numbers as people read them. Pure. */

/** 12 345 678 */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** Of micro-dollars; small amounts with four decimals. */
export function dollars(micros: number | null): string {
  if (micros === null) return 'price not known';
  return `$${(micros / 1e6).toFixed(micros > 0 && micros < 10_000 ? 4 : 2)}`;
}

/** Of a share of 0 to 1. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
