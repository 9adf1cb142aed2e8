/** What a figure was measured on. */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

export function machine() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' });
  const changed = git('status', '--porcelain', '--untracked-files=no').trim() === '' ? '' : ' and changes';
  return {
    cores: availableParallelism(),
    node: process.version,
    commit: `${git('rev-parse', '--short', 'HEAD').trim()}${changed}`,
  };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** To so many digits after the point. */
export function rounded(number, digits = 3) {
  return Number(number.toFixed(digits));
}
