/** The most memory that this process has held at once. */
import { readFileSync } from 'node:fs';

/** In MiB. On Linux of this program alone: what the system counts for a process there begins with its parent's. */
export function peakMemoryMb(): number {
  return Math.round((linuxPeak() ?? process.resourceUsage().maxRSS) / 1024);
}

/** In KiB; null: there is no such file. */
function linuxPeak(): number | null {
  try {
    const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return peak === undefined ? null : Number(peak);
  } catch {
    return null;
  }
}
