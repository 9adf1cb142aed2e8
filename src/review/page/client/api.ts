/** Asking the server. */
import type { Refusal } from '../page-api.js';

/** The server answered that it can't be done. */
export class RefusedError extends Error {
  constructor(
    message: string,
    readonly status: number,
    /** The answer's body. */
    readonly answer: unknown,
  ) {
    super(message);
  }
}

/** The server did not answer. */
export class SilentError extends Error {}

export function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask<Answer>(path, { signal: signal ?? null });
}

/** Throws RefusedError with status 409 and the server's row where somebody was faster. */
export function post<Answer>(path: string, body: unknown = {}): Promise<Answer> {
  return ask<Answer>(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(`/api${path}`, init).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new SilentError('the server does not answer', { cause: error });
  });
  const answer: unknown = await response.json().catch(() => {
    // It was cut off, or something else answered.
    throw new SilentError('the server does not answer');
  });
  if (response.ok) return answer as Answer;
  throw new RefusedError((answer as Partial<Refusal>).problem ?? `status ${response.status}`, response.status, answer);
}
