/** tutelage teacher: serves a file of recorded replies over HTTP, as a stand-in for a teacher. */
import type { Command } from 'commander';
import { startReplayServer } from '../teachers/index.js';
import { untilInterrupted } from './run-end.js';

interface Flags {
  readonly replies: string;
  readonly teacher?: string;
  readonly port: string;
  readonly latency: string;
  readonly jitter: string;
  readonly seed: string;
  readonly share429: string;
  readonly share500: string;
  readonly shareDropped: string;
  readonly retryAfter: string;
}

export function registerTeacher(program: Command): void {
  program
    .command('teacher')
    .description(
      'serve recorded replies over HTTP (OpenAI chat completions and TGI generate): a teacher to try things on',
    )
    .requiredOption('--replies <file>', 'recorded replies: what a run leaves as replies.jsonl')
    .option('--teacher <name>', 'whose replies, where the file holds those of several: the name in votes.plan')
    .option('--port <n>', 'port to listen on; 0: any free one', '0')
    .option('--latency <ms>', 'how long a reply takes', '100')
    .option('--jitter <share>', 'how much that varies, 0 to 1', '0.3')
    .option('--share-429 <share>', 'answers "too many requests" to this share of the requests', '0')
    .option('--share-500 <share>', 'answers with a server error', '0')
    .option('--share-dropped <share>', 'drops the connection without an answer', '0')
    .option('--retry-after <seconds>', 'what a 429 asks for', '1')
    .option('--seed <n>', 'seed of the faults', '1')
    .action(serve);
}

async function serve(flags: Flags): Promise<void> {
  const server = await startReplayServer({
    replies: flags.replies,
    ...(flags.teacher !== undefined && { teacher: flags.teacher }),
    port: Number(flags.port),
    latencyMs: Number(flags.latency),
    jitter: Number(flags.jitter),
    seed: Number(flags.seed),
    share429: Number(flags.share429),
    share500: Number(flags.share500),
    shareDropped: Number(flags.shareDropped),
    retryAfterSeconds: Number(flags.retryAfter),
  });
  process.stdout.write(`${JSON.stringify({ url: server.url, stats: server.url.replace(/v1$/, 'stats') })}\n`);
  const interrupted = untilInterrupted();
  process.once('SIGTERM', () => process.kill(process.pid, 'SIGINT'));
  await new Promise<void>((resolve) => interrupted.addEventListener('abort', () => resolve()));
  await server.close();
}
