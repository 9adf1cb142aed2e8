/** Text Generation Inference's older protocol: one string in, one string out (POST /generate). */
import { z } from 'zod';
import type { FinishReason, TeacherSettings } from '../contracts/index.js';
import { type Credentials, headersOf } from './credentials.js';
import type { CallContext } from './failed-call.js';
import type { HttpConnection } from './http-connection.js';
import { readRateLimits } from './rate-headers.js';
import {
  type ChatMessage,
  type Teacher,
  type TeacherAnswer,
  TeacherFailedError,
  type TeacherRequest,
} from './teacher.js';
import { tokenCount } from './token-count.js';

const Generation = z.object({
  generated_text: z.string(),
  details: z
    .object({
      finish_reason: z.string().nullish(),
      generated_tokens: z.unknown().optional(),
      prefill: z.array(z.unknown()).nullish(),
    })
    .nullish()
    .catch(null),
});

/** /generate answers an object, some endpoints a list of one. */
const Answer = z.union([Generation, z.array(Generation).length(1)]);

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  eos_token: 'stop',
  stop_sequence: 'stop',
  length: 'length',
};

export interface TextGenerationParts {
  readonly settings: TeacherSettings;
  readonly endpoint: URL;
  readonly credentials: Credentials;
  readonly connection: HttpConnection;
}

export class TextGenerationTeacher implements Teacher {
  readonly provider = 'text-generation';
  readonly host: string;
  readonly model: string | null;
  private readonly url: string;

  constructor(private readonly parts: TextGenerationParts) {
    this.host = parts.endpoint.host;
    this.model = parts.settings.model;
    const base = parts.endpoint.href.replace(/\/+$/, '');
    this.url = base.endsWith('/generate') ? base : `${base}/generate`;
  }

  async ask(request: TeacherRequest, signal: AbortSignal): Promise<TeacherAnswer> {
    const startedAt = performance.now();
    const { connection, credentials, settings } = this.parts;
    const { host, model } = this;
    const context: CallContext = { host, model, ...credentials, question: request };
    const answer = await connection.send(
      this.url,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headersOf(credentials) },
        body: JSON.stringify({
          inputs: renderChat(request.messages),
          parameters: parametersOf(request),
          ...settings.extraBody,
        }),
        timeoutMs: request.timeoutMs,
      },
      context,
      signal,
    );
    const parsed = Answer.safeParse(answer.json);
    if (!parsed.success) {
      throw new TeacherFailedError(`${host} answered 200 with JSON that has no generated_text`, true);
    }
    const { details, generated_text } = [parsed.data].flat()[0] as z.infer<typeof Generation>;
    // The prefill is only listed on demand; newer servers count it in a header.
    const counted = details?.prefill?.length || Number(answer.header('x-prompt-tokens'));
    return {
      content: generated_text,
      finishReason: FINISH_REASONS[details?.finish_reason ?? ''] ?? 'unknown',
      inputTokens: tokenCount(counted, { isEmpty: false }),
      outputTokens: tokenCount(details?.generated_tokens, { isEmpty: generated_text === '' }),
      latencyMs: performance.now() - startedAt,
      limits: readRateLimits(answer.header, Date.now()),
    };
  }

  async close(): Promise<void> {
    await this.parts.connection.close();
  }
}

/** A plain chat form that every instruction-tuned model understands: "### User:", a blank line between turns, and the head
 *  of the assistant's turn at the end. The server does not apply the model's own template to /generate. */
export function renderChat(messages: readonly ChatMessage[]): string {
  const heads = { system: '### System:', user: '### User:', assistant: '### Assistant:' };
  const turns = messages.map(({ role, content }) => `${heads[role]}\n${content}\n\n`);
  return `${turns.join('')}${heads.assistant}\n`;
}

/** The server refuses a temperature of 0 and a top_p of 1: both are said by leaving the field out. */
function parametersOf({ maxTokens, seed, temperature, topP }: TeacherRequest): Record<string, unknown> {
  return {
    max_new_tokens: maxTokens,
    details: true,
    return_full_text: false,
    ...(temperature === null ? {} : temperature === 0 ? { do_sample: false } : { do_sample: true, temperature }),
    ...(topP === null || topP === 1 ? {} : { top_p: topP }),
    ...(seed === null ? {} : { seed }),
  };
}
