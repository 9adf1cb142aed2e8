/** A teacher on this machine that answers recorded replies over HTTP, late, busy or broken as often as asked: for the demo,
 *  the tests and trying a task without a key. Speaks chat completions and TGI's /generate. Its faults depend on the seed and
 *  the question alone, so a run can be repeated. */
import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { OWN_TEACHER } from '../contracts/index.js';
import { seededFraction } from '../voting/index.js';
import { readAskedText } from './prompts.js';
import { describeQuestion, type RecordedQuestion, Recording, textKeyOf } from './recording.js';
import { ReplayStatistics, type ReplayStats } from './replay-statistics.js';

const share = (about: string) => z.number().min(0).max(1).default(0).describe(about);

export const ReplayOptions = z.strictObject({
  replies: z.string().min(1).describe('File of recorded replies (JSONL).'),
  teacher: z
    .string()
    .min(1)
    .default(OWN_TEACHER)
    .describe('Whose replies of the file are served, as votes.plan calls it; those that name no teacher always are.'),
  port: z.number().int().min(0).max(65535).default(0).describe('0: any free port.'),
  latencyMs: z.number().min(0).default(0).describe('How long a reply takes, in the middle.'),
  jitter: share('Share of the latency that it varies by, up and down.'),
  seed: z.number().int().min(0).default(42).describe('Decides which questions meet faults, and how long each takes.'),
  teacherSeed: z.number().int().min(0).default(42).describe("The task's teacher.seed: sample k is asked with it + k."),
  share429: share('Share of the requests that are answered 429.'),
  share500: share('Share of the requests that are answered 500.'),
  shareDropped: share('Share of the requests whose connection is cut without an answer.'),
  retryAfterSeconds: z.number().int().min(0).default(1).describe('Retry-After of the 429 answers.'),
});
export type ReplayOptions = z.infer<typeof ReplayOptions>;

export interface ReplayServer {
  /** With /v1: what teacher.url of the provider huggingface takes. TGI's protocol is at the same address without /v1. */
  readonly url: string;
  stats(): ReplayStats;
  close(): Promise<void>;
}

type Fault = '429' | '500' | 'dropped';
type Protocol = 'chat' | 'generate';

const MODEL = 'replay';
const CHARACTERS_PER_TOKEN = 4;

const ChatBody = z.object({ messages: z.array(z.object({ content: z.string() })).min(1), seed: z.number().nullish() });
const GenerateBody = z.object({ inputs: z.string(), parameters: z.object({ seed: z.number().nullish() }).nullish() });

/** Listens on 127.0.0.1 until closed. Throws RecordingError for a file that is no recording. */
export async function startReplayServer(input: z.input<typeof ReplayOptions>): Promise<ReplayServer> {
  const options = ReplayOptions.parse(input);
  const file = await open(options.replies);
  const recording = await Recording.read(file.readLines(), options.teacher);
  const statistics = new ReplayStatistics();
  const replay = new Replay(options, recording, statistics);
  const server = createServer((request, response) => {
    replay.handle(request, response).catch((error: Error) => {
      // A request that broke off has nobody to answer.
      if (request.complete) sendError(response, 500, error.message);
    });
  });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    stats: () => statistics.read(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Replay {
  constructor(
    private readonly options: ReplayOptions,
    private readonly recording: Recording,
    private readonly statistics: ReplayStatistics,
  ) {}

  private get model(): string {
    return this.options.teacher === OWN_TEACHER ? MODEL : `${MODEL}-${this.options.teacher}`;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method === 'GET' && path === '/stats') return sendJson(response, 200, this.statistics.read());
    if (request.method === 'GET' && path === '/v1/models') {
      return sendJson(response, 200, {
        object: 'list',
        data: [{ id: this.model, object: 'model', owned_by: 'tutelage' }],
      });
    }
    const protocol = path === '/v1/chat/completions' ? 'chat' : path === '/generate' ? 'generate' : null;
    if (request.method !== 'POST' || protocol === null) return sendError(response, 404, 'no such path');
    this.statistics.begin();
    try {
      await this.answer(protocol, await readBody(request), response);
    } finally {
      this.statistics.end();
    }
  }

  private async answer(protocol: Protocol, body: string, response: ServerResponse): Promise<void> {
    const asked = this.read(protocol, body);
    if (asked === null) {
      this.statistics.count('unknown');
      return sendError(response, 400, 'the request is not a prompt of this project');
    }
    const { prompt, question } = asked;
    const id = `${question.textKey} ${question.prompt} ${question.sample}`;
    const times = this.statistics.ask(id);
    const fault = this.faultOf(id, times);
    await this.wait(id, times);
    if (fault !== null) return this.fail(fault, response);
    const recorded = this.recording.find(question);
    if (recorded === null) {
      this.statistics.count('unknown');
      return sendError(response, 400, `no recorded reply for ${describeQuestion(question)}`);
    }
    const inputTokens = recorded.inputTokens ?? tokensOf(prompt);
    const outputTokens = recorded.outputTokens ?? tokensOf(recorded.content);
    // Counted whether or not anybody is still there to read it: a provider would bill it.
    this.statistics.pay(id, inputTokens + outputTokens);
    const { content, finishReason } = recorded;
    if (protocol === 'chat') {
      const finish_reason =
        finishReason === 'filtered' ? 'content_filter' : finishReason === 'unknown' ? null : finishReason;
      return sendJson(response, 200, {
        id: `replay-${id}`,
        object: 'chat.completion',
        model: this.model,
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason }],
        usage: {
          prompt_tokens: inputTokens,
          completion_tokens: outputTokens,
          total_tokens: inputTokens + outputTokens,
        },
      });
    }
    response.setHeader('x-prompt-tokens', inputTokens);
    const finish_reason = finishReason === 'length' ? 'length' : 'eos_token';
    sendJson(response, 200, { generated_text: content, details: { finish_reason, generated_tokens: outputTokens } });
  }

  /** The question in a body; null: not one of ours. Without a seed it is sample 0. */
  private read(protocol: Protocol, body: string): { prompt: string; question: RecordedQuestion } | null {
    const parsed = promptAndSeed(protocol, body);
    const asked = parsed === null ? null : readAskedText(parsed.prompt);
    if (parsed === null || asked === null) return null;
    const { prompt, seed } = parsed;
    const sample = seed === null ? 0 : seed - this.options.teacherSeed;
    return { prompt, question: { textKey: textKeyOf(asked.text), prompt: asked.style, sample } };
  }

  private faultOf(id: string, times: number): Fault | null {
    const { seed, share429, share500, shareDropped } = this.options;
    const draw = seededFraction(seed, 'fault', id, String(times));
    if (draw < share429) return '429';
    if (draw < share429 + share500) return '500';
    return draw < share429 + share500 + shareDropped ? 'dropped' : null;
  }

  private async wait(id: string, times: number): Promise<void> {
    const { jitter, latencyMs, seed } = this.options;
    const spread = (2 * seededFraction(seed, 'latency', id, String(times)) - 1) * jitter;
    const ms = latencyMs * (1 + spread);
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }

  private fail(fault: Fault, response: ServerResponse): void {
    this.statistics.count(fault);
    if (fault === 'dropped') {
      response.destroy();
    } else if (fault === '429') {
      response.setHeader('retry-after', this.options.retryAfterSeconds);
      sendError(response, 429, 'too many requests');
    } else {
      sendError(response, 500, 'internal error');
    }
  }
}

function promptAndSeed(protocol: Protocol, body: string): { prompt: string; seed: number | null } | null {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // Answered as a bad request.
    return null;
  }
  if (protocol === 'chat') {
    const parsed = ChatBody.safeParse(json);
    const last = parsed.data?.messages.at(-1);
    return last === undefined ? null : { prompt: last.content, seed: parsed.data?.seed ?? null };
  }
  const parsed = GenerateBody.safeParse(json);
  return parsed.success ? { prompt: parsed.data.inputs, seed: parsed.data.parameters?.seed ?? null } : null;
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { error: { message } });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  // The client has gone, and Node would throw.
  if (response.destroyed) return;
  const json = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  response.end(json);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
