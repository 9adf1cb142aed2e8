/** A gate's check on one line: ✘ alpha: 0.312 (at least 0.4). */
import pc from 'picocolors';
import type { GateCheck } from '../contracts/index.js';

const DECIMALS = 4;

export function checkLine({ atLeast, limit, name, passed, value }: GateCheck): string {
  const mark = limit === null ? pc.dim('·') : passed ? pc.green('✔') : pc.red('✘');
  const shown = value === null ? '–' : String(Number(value.toFixed(DECIMALS)));
  return `${mark} ${name}: ${shown}${limit === null ? '' : ` (${atLeast ? 'at least' : 'at most'} ${limit})`}`;
}
