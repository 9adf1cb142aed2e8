/** What a worker says: one JSON object a line on stderr, with the ids of the run and the activity, secrets masked. */
import type { Logger, LogLevel, LogMetadata } from '@temporalio/worker';
import { pino } from 'pino';
import { scrubSecrets } from '../temporal/index.js';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** level: the least that is written, as pino names it: trace, debug, info, warn, error. */
export function workerLog(level: string): Logger {
  const log = pino({ level, base: { pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
  const write = (at: LogLevel, message: string, metadata: LogMetadata = {}): void => {
    log[LEVELS[at]](Object.fromEntries(Object.entries(metadata).map(readable)), scrubSecrets(message));
  };
  return {
    log: write,
    trace: (message, metadata) => write('TRACE', message, metadata),
    debug: (message, metadata) => write('DEBUG', message, metadata),
    info: (message, metadata) => write('INFO', message, metadata),
    warn: (message, metadata) => write('WARN', message, metadata),
    error: (message, metadata) => write('ERROR', message, metadata),
  };
}

/** An entry of the metadata as JSON can hold it. */
function readable([name, value]: [string, unknown]): [string, unknown] {
  if (value instanceof Error) return [name, scrubSecrets(value.stack ?? value.message)];
  if (typeof value === 'string') return [name, scrubSecrets(value)];
  return [name, typeof value === 'bigint' ? String(value) : value];
}
