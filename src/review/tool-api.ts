/** Calls to another tool's HTTP API. */
import type { ZodType } from 'zod';

/** The tool refused, can't be reached, or answered what it shouldn't. */
export class ReviewToolError extends Error {
  override readonly name = 'ReviewToolError';
  constructor(
    message: string,
    /** HTTP status; null: there was no answer. */
    readonly status: number | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface ToolApi {
  readonly tool: string;
  /** Without a slash at the end. */
  readonly url: string;
  /** Headers that carry the key. */
  headers(): Promise<Record<string, string>>;
}

/** The answer's JSON. Redirects are not followed: they would take the key elsewhere. Throws ReviewToolError. */
export async function callTool(api: ToolApi, method: string, path: string, body?: unknown): Promise<unknown> {
  return request(api, { method, path, body, headers: await api.headers() });
}

/** As callTool, with headers of its own. */
export async function request(
  { tool, url }: Pick<ToolApi, 'tool' | 'url'>,
  { method, path, body, headers }: { method: string; path: string; body?: unknown; headers: Record<string, string> },
): Promise<unknown> {
  const said = `${tool} (${method} ${url}${path.split('?')[0]})`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    throw new ReviewToolError(`${said} gave no answer. Check its address.`, null, { cause: error });
  }
  if (response.status >= 300 && response.status < 400) {
    throw new ReviewToolError(`${said} points elsewhere. Give the address that it ends up at.`, response.status);
  }
  if (!response.ok) throw new ReviewToolError(`${said} answered ${response.status}: ${shortly(text)}`, response.status);
  try {
    return text === '' ? null : JSON.parse(text);
  } catch (error) {
    throw new ReviewToolError(`${said} answered no JSON. Check its address.`, response.status, { cause: error });
  }
}

/** The answer as the schema has it. Throws ReviewToolError for another. */
export function readAnswer<Value>({ tool }: Pick<ToolApi, 'tool'>, schema: ZodType<Value>, answer: unknown): Value {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  throw new ReviewToolError(
    `${tool} answered what is not expected of it (${path.map(String).join('.') || 'answer'}: ${message}). Is it the right address and version?`,
    null,
  );
}

const TIMEOUT_MS = 120_000;
const SHOWN_LENGTH = 200;

/** Enough to see what is wrong, too little for a text. */
function shortly(text: string): string {
  if (/^\s*</.test(text)) return 'a web page';
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
}
