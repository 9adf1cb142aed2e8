/** The settings of a teacher: where it is, how it is asked, how fast, and at what price. */
import { z } from 'zod';
import { BatchSettings } from './batch-settings.js';
import { Seed } from './seed.js';

/** Headers that carry keys. */
const SECRET_HEADER = /^(proxy-)?authorization$|key|token|secret|password|cookie/i;

export const TeacherSettings = z.strictObject({
  provider: z
    .enum(['huggingface', 'text-generation', 'recorded'])
    .default('huggingface')
    .describe(
      "huggingface: the Hub's router, or any OpenAI-compatible endpoint by url. text-generation: TGI's older protocol. recorded: answers from a file of recorded replies.",
    ),
  model: z
    .string()
    .nullable()
    .default(null)
    .describe('Model id. With a url: null takes the one model that /models lists.'),
  url: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null)
    .describe("Endpoint, for example http://localhost:8000/v1. null: the Hub's router."),
  acceptTermsOf: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "Needed where the provider's terms forbid models that compete with it: its name, once you have read them and may use its answers.",
    ),
  replies: z
    .string()
    .nullable()
    .default(null)
    .describe("File of recorded replies (provider recorded), on the worker's disk or store:PATH."),
  apiKeyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .nullable()
    .default(null)
    .describe(
      "Name of the environment variable that holds the key. null: HF_TOKEN for the Hub's router, no key for a url.",
    ),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .superRefine((headers, context) => {
      for (const [name, value] of Object.entries(headers)) {
        if (!SECRET_HEADER.test(name) || value.includes('${')) continue;
        const message =
          'a task is kept with its run and holds no secrets: put the value into an environment variable and write ${NAME} here';
        context.addIssue({ code: 'custom', path: [name], message });
      }
    })
    .describe(
      'Extra request headers. Values may name environment variables as ${NAME}; what looks like a secret must.',
    ),
  seed: Seed.default(42).describe('Sample k is asked with seed + k, where the provider takes seeds.'),
  sendSeed: z.boolean().default(true).describe('Send a seed at all (a few providers refuse the field).'),
  maxTokensField: z
    .enum(['max_tokens', 'max_completion_tokens'])
    .default('max_tokens')
    .describe('What the endpoint calls the token limit.'),
  jsonSchema: z
    .enum(['auto', 'off'])
    .default('auto')
    .describe("auto: ask for the reply's JSON schema, and go on without where the probe is refused."),
  logprobs: z
    .boolean()
    .default(false)
    .describe(
      "Ask for the tokens' log-probabilities, keep them with the replies, and tell how likely each vote's label was (chat completions of providers that give them).",
    ),
  extraBody: z.record(z.string(), z.unknown()).default({}).describe('Further fields of the request body.'),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(2000)
    .default(16)
    .describe('Most calls in flight at once, per worker; fewer while the teacher is slow to serve so many.'),
  requestsPerMinute: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe("Most calls a minute, of all workers together; null: what the provider's headers tell, if any do."),
  tokensPerMinute: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Most tokens of prompts and replies a minute, of all workers together; null: likewise.'),
  timeoutSeconds: z
    .number()
    .min(1)
    .max(3600)
    .default(120)
    .describe('Longest wait for one reply; shorter, but never under 10 s, once the latency is known.'),
  attempts: z.number().int().min(1).max(20).default(6).describe('Most sendings of one question while errors last.'),
  deadAfterSeconds: z
    .number()
    .min(1)
    .max(86400)
    .default(120)
    .describe('No reply for this long while asking: the run pauses.'),
  batch: BatchSettings.nullable()
    .default(null)
    .describe(
      'Ask by the OpenAI Batch protocol: answers come within a day and cost less. {} takes the usual settings; null: ask at once.',
    ),
  price: z
    .strictObject({
      inputPerMillion: z.number().min(0).describe('US dollars for a million tokens of prompt.'),
      outputPerMillion: z.number().min(0).describe('US dollars for a million tokens of reply.'),
    })
    .nullable()
    .default(null)
    .describe('null: the price in config/teachers.yaml; unknown there, costs are null, never 0.'),
});
export type TeacherSettings = z.infer<typeof TeacherSettings>;
