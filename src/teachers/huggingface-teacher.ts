/** Chat completions through Hugging Face's inference client: the Hub's router, or any OpenAI-compatible endpoint by URL. */
import { InferenceClient } from '@huggingface/inference';
import { z } from 'zod';
import type { BatchSettings, FinishReason, TeacherReply, TeacherSettings } from '../contracts/index.js';
import { BatchApi } from './batch-api.js';
import type { BatchTeacher } from './batch-teacher.js';
import type { Credentials } from './credentials.js';
import { type CallContext, errorOfAnswer, providerWords } from './failed-call.js';
import type { HttpConnection } from './http-connection.js';
import { readRateLimits, type ToldLimits } from './rate-headers.js';
import { type Teacher, type TeacherAnswer, TeacherFailedError, type TeacherRequest } from './teacher.js';
import { ROUTER } from './teacher-host.js';
import { tokenCount } from './token-count.js';

const TokenLogprob = z.object({ token: z.string(), logprob: z.number() });

const Usage = z.object({ prompt_tokens: z.unknown().optional(), completion_tokens: z.unknown().optional() });

/** What we read of an answer; providers add much to it. */
const ChatAnswer = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish() }),
        finish_reason: z.string().nullish(),
        logprobs: z
          .object({ content: z.array(TokenLogprob).nullish() })
          .nullish()
          .catch(null),
      }),
    )
    .min(1),
  usage: Usage.nullish().catch(null),
});

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  max_tokens: 'length',
  content_filter: 'filtered',
};

export interface HuggingFaceParts {
  /** model is set: see create-teacher.ts. */
  readonly settings: TeacherSettings & { readonly model: string };
  /** null: the router. */
  readonly endpoint: URL | null;
  readonly credentials: Credentials;
  readonly connection: HttpConnection;
}

export class HuggingFaceTeacher implements Teacher {
  readonly provider = 'huggingface';
  readonly host: string;
  readonly model: string;
  readonly batches: BatchTeacher | null;
  private readonly client: InferenceClient;

  constructor(private readonly parts: HuggingFaceParts) {
    const { credentials, endpoint, settings } = parts;
    const url = endpoint ?? ROUTER;
    this.host = url.host;
    this.model = settings.model;
    this.client = new InferenceClient(credentials.key ?? '', {
      // Set for the router too: without it, the client rejects paid answers that lack a field we do not read.
      endpointUrl: url.href,
      // The client would send a 503 again and again without a pause.
      retry_on_error: false,
    });
    this.batches = settings.batch === null ? null : this.batchesAt(url, settings.batch);
  }

  async ask(request: TeacherRequest, signal: AbortSignal): Promise<TeacherAnswer> {
    const startedAt = performance.now();
    const { credentials } = this.parts;
    const { host, model } = this;
    const context: CallContext = { host, model, ...credentials, question: request };
    let limits: ToldLimits | null = null;
    const answer: unknown = await this.client.chatCompletion(this.body(request), {
      fetch: this.fetchFor(request, context, signal, (told) => {
        limits = told;
      }),
    });
    return { ...readCompletion(answer, context), latencyMs: performance.now() - startedAt, limits };
  }

  async close(): Promise<void> {
    await this.batches?.api.close();
    await this.parts.connection.close();
  }

  private batchesAt(url: URL, settings: BatchSettings): BatchTeacher {
    const { credentials } = this.parts;
    const { host, model } = this;
    return {
      settings,
      api: new BatchApi({ endpoint: url, model, credentials, completionWindow: settings.completionWindow }),
      body: (request) => withFields(JSON.stringify(this.body(request)), this.parts.settings.extraBody),
      read: (answer, request) => readCompletion(answer, { host, model, ...credentials, question: request }),
      errorOf: ({ status, body }, request) =>
        errorOfAnswer({ status, body, header: () => null }, { host, model, ...credentials, question: request }),
    };
  }

  private body(request: TeacherRequest): Parameters<InferenceClient['chatCompletion']>[0] {
    const { jsonSchema: schema, maxTokens, messages, seed, temperature, topP } = request;
    const fields = {
      model: this.model,
      messages: messages.map(({ role, content }) => ({ role, content })),
      [this.parts.settings.maxTokensField]: maxTokens,
      ...(temperature === null ? {} : { temperature }),
      ...(topP === null ? {} : { top_p: topP }),
      ...(seed === null ? {} : { seed }),
      ...(this.parts.settings.logprobs ? { logprobs: true } : {}),
      ...(schema === null
        ? {}
        : { response_format: { type: 'json_schema' as const, json_schema: { name: 'reply', strict: true, schema } } }),
    };
    return fields;
  }

  /** The client's errors have lost the headers and carry the prompt, so answers are judged here, before it sees them. */
  private fetchFor(
    request: TeacherRequest,
    context: CallContext,
    signal: AbortSignal,
    onLimits: (told: ToldLimits | null) => void,
  ): typeof fetch {
    const { connection, credentials, settings } = this.parts;
    return async (url, init) => {
      const answer = await connection.send(
        String(url),
        {
          method: 'POST',
          headers: { ...lowerCased(init?.headers), 'content-type': 'application/json', ...credentials.headers },
          body: withFields(String(init?.body), settings.extraBody),
          timeoutMs: request.timeoutMs,
        },
        context,
        signal,
      );
      onLimits(readRateLimits(answer.header, Date.now()));
      return jsonResponse(answer.json);
    };
  }
}

/** Throws TeacherFailedError for what is no chat completion. One that tells the tokens that it took may have been billed. */
function readCompletion(answer: unknown, context: CallContext): Omit<TeacherReply, 'latencyMs'> {
  const parsed = ChatAnswer.safeParse(answer);
  if (!parsed.success) {
    const words = providerWords(jsonOf(answer), context);
    throw new TeacherFailedError(
      `${context.host} answered 200 with something that is no chat completion: ${words}`,
      !tellsTokens(answer),
    );
  }
  const { choices, usage } = parsed.data;
  const [choice] = choices;
  const content = choice?.message.content ?? '';
  const tokens = choice?.logprobs?.content?.map(({ token, logprob }): [string, number] => [token, logprob]);
  return {
    content,
    finishReason: FINISH_REASONS[choice?.finish_reason ?? ''] ?? 'unknown',
    inputTokens: tokenCount(usage?.prompt_tokens, { isEmpty: false }),
    outputTokens: tokenCount(usage?.completion_tokens, { isEmpty: content === '' }),
    ...(tokens !== undefined && { tokens }),
  };
}

function tellsTokens(answer: unknown): boolean {
  const { data } = z.object({ usage: Usage }).safeParse(answer);
  const { completion_tokens, prompt_tokens } = data?.usage ?? {};
  return [prompt_tokens, completion_tokens].some((told) => tokenCount(told, { isEmpty: false }) !== null);
}

/** What was parsed may be nested deeper than it can be written again. */
function jsonOf(answer: unknown): string {
  try {
    return JSON.stringify(answer);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return 'JSON that is nested too deep to show';
  }
}

/** The client gives a plain object; a Headers object takes long to make. */
function lowerCased(headers: RequestInit['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

const JSON_HEADERS = new Headers({ 'content-type': 'application/json' });

/** What the client reads of a response. A real one would be parsed a second time, through a stream. */
function jsonResponse(json: unknown): Response {
  const response: Pick<Response, 'headers' | 'json' | 'ok' | 'status'> = {
    ok: true,
    status: 200,
    headers: JSON_HEADERS,
    json: async () => json,
  };
  return response as Response;
}

/** Added here and not through the client, which takes fields of some names (provider, data) for its own options. */
function withFields(body: string, extra: Record<string, unknown>): string {
  if (Object.keys(extra).length === 0) return body;
  return JSON.stringify({ ...(JSON.parse(body) as Record<string, unknown>), ...extra });
}
