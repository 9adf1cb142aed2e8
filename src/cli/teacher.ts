/** tutelage teacher: serves a file of recorded replies over HTTP, as a stand-in for a teacher. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { startReplayServer } from '../teachers/index.js';
import { amount, portNumber, share } from './option-values.js';
import { untilInterrupted } from './run-end.js';

interface Flags {
  readonly replies: string;
  readonly teacher?: string;
  readonly port: number;
  readonly latency: number;
  readonly jitter: number;
  readonly seed: number;
  readonly share429: number;
  readonly share500: number;
  readonly shareDropped: number;
  readonly retryAfter: number;
}

export function registerTeacher(program: Command): void {
  const command = program
    .command('teacher')
    .description(
      'serve recorded replies over HTTP (OpenAI chat completions and TGI generate): a teacher to try things on',
    )
    .requiredOption('--replies <file>', 'recorded replies: what a run leaves as replies.jsonl')
    .option('--teacher <name>', 'whose replies, where the file holds those of several: the name in votes.plan')
    .option('--port <n>', 'port to listen on; 0: any free one', portNumber, 0)
    .option('--latency <ms>', 'how long a reply takes', amount, 100)
    .option('--jitter <share>', 'how much that varies, 0 to 1', share, 0.3)
    .option('--share-429 <share>', 'answers "too many requests" to this share of the requests', share, 0)
    .option('--share-500 <share>', 'answers with a server error to this share', share, 0)
    .option('--share-dropped <share>', 'drops the connection of this share without an answer', share, 0)
    .option('--retry-after <seconds>', 'what a 429 asks for', amount, 1)
    .option('--seed <n>', 'seed of the faults', amount, 1);
  command.action((flags: Flags) => {
    if (!existsSync(flags.replies)) command.error(`error: --replies ${flags.replies}: there is no such file`);
    return serve(flags);
  });
}

async function serve(flags: Flags): Promise<void> {
  const server = await startReplayServer({
    replies: flags.replies,
    ...(flags.teacher !== undefined && { teacher: flags.teacher }),
    port: flags.port,
    latencyMs: flags.latency,
    jitter: flags.jitter,
    seed: flags.seed,
    share429: flags.share429,
    share500: flags.share500,
    shareDropped: flags.shareDropped,
    retryAfterSeconds: flags.retryAfter,
  });
  process.stdout.write(`${JSON.stringify({ url: server.url, stats: server.url.replace(/v1$/, 'stats') })}\n`);
  const interrupted = untilInterrupted();
  process.once('SIGTERM', () => process.kill(process.pid, 'SIGINT'));
  await new Promise<void>((resolve) => interrupted.addEventListener('abort', () => resolve()));
  await server.close();
}
