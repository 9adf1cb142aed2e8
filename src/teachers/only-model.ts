/** Which model an endpoint serves, where the task names none. */

import { z } from 'zod';
import { counted } from '../contracts/index.js';
import { type Credentials, headersOf } from './credentials.js';
import { refusedIfNotReached } from './failed-call.js';
import type { HttpConnection } from './http-connection.js';
import { TeacherFailedError, TeacherRefusedError } from './teacher.js';

const TIMEOUT_MS = 30_000;
const MODELS_SHOWN = 10;

const ModelList = z.object({ data: z.array(z.object({ id: z.string() })) });

/** Asks GET /models. Throws TeacherRefusedError listing the models where there is not exactly one, or where nothing answers. */
export async function onlyModel(endpoint: URL, credentials: Credentials, connection: HttpConnection): Promise<string> {
  const { host } = endpoint;
  try {
    const models = await listModels(endpoint, credentials, connection);
    const [only] = models;
    if (only !== undefined && models.length === 1) return only;
    const names = models.slice(0, MODELS_SHOWN).join(', ');
    throw new TeacherRefusedError(
      `teacher.model is missing, and ${host} serves ${counted(models.length, 'model')}${names === '' ? '' : `: ${names}`}.`,
      null,
      'Name one of them in teacher.model.',
    );
  } catch (error) {
    await connection.close();
    throw refusedIfNotReached(error, host);
  }
}

async function listModels(endpoint: URL, credentials: Credentials, connection: HttpConnection): Promise<string[]> {
  const base = endpoint.href.replace(/\/+$/, '').replace(/\/chat\/completions$/, '');
  const url = `${base.endsWith('/v1') ? base : `${base}/v1`}/models`;
  const answer = await connection.send(
    url,
    { method: 'GET', headers: headersOf(credentials), body: null, timeoutMs: TIMEOUT_MS },
    { host: endpoint.host, model: null, ...credentials, question: null },
    new AbortController().signal,
  );
  const parsed = ModelList.safeParse(answer.json);
  if (!parsed.success) throw new TeacherFailedError(`${endpoint.host} did not list its models at ${url}`, true);
  return parsed.data.data.map(({ id }) => id);
}
