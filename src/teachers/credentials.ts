/** Keys and headers of a teacher, from the environment. They go to the teacher's host and nowhere else. */
import type { TeacherSettings } from '../contracts/index.js';
import { TeacherRefusedError } from './teacher.js';

export interface Credentials {
  readonly key: string | null;
  /** Name of the variable that the key came from, for messages. */
  readonly keyName: string | null;
  readonly headers: Record<string, string>;
  /** Values that no message may show. */
  readonly secrets: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const HUB_TOKEN = 'HF_TOKEN';
const HUB_HOSTS = /(^|\.)huggingface\.(co|cloud)$|\.hf\.space$/;

/** endpoint: null for the Hub's router. Throws TeacherRefusedError naming the variable that is missing, or the one that must
 *  not be sent to the endpoint. */
export function readCredentials(
  settings: Pick<TeacherSettings, 'apiKeyEnv' | 'headers'>,
  endpoint: URL | null,
  env: Environment,
): Credentials {
  const variable = (name: string, field: string) => readVariable(name, field, endpoint, env);
  const keyName = settings.apiKeyEnv ?? (endpoint === null ? HUB_TOKEN : null);
  const key = keyName === null ? null : variable(keyName, 'teacher.apiKeyEnv');
  const secrets = key === null ? [] : [key];
  const headers: Record<string, string> = {};
  for (const [header, template] of Object.entries(settings.headers)) {
    headers[header.toLowerCase()] = template.replace(/\$\{(\w+)\}/g, (_, name: string) => {
      const value = variable(name, `teacher.headers.${header}`);
      secrets.push(value);
      return value;
    });
  }
  return { key, keyName, headers, secrets };
}

/** The headers of a call: the key as bearer token, unless the task sets its own. */
export function headersOf({ headers, key }: Credentials): Record<string, string> {
  return key === null ? headers : { authorization: `Bearer ${key}`, ...headers };
}

function readVariable(name: string, field: string, endpoint: URL | null, env: Environment): string {
  const value = env[name]?.trim() ?? '';
  if (endpoint !== null && (name === HUB_TOKEN || value === env[HUB_TOKEN]?.trim()) && value !== '') {
    refuseStrangers(name, field, endpoint);
  }
  if (value === '') {
    throw new TeacherRefusedError(
      `${field}: the environment variable ${name} is not set where the worker runs.`,
      null,
      `Set ${name} there, or name another variable in ${field}.`,
    );
  }
  return value;
}

/** The Hub's token opens an account with models and data: only the Hub may see it, and only encrypted. */
function refuseStrangers(name: string, field: string, endpoint: URL): void {
  if (HUB_HOSTS.test(endpoint.hostname) && endpoint.protocol === 'https:') return;
  throw new TeacherRefusedError(
    `${field}: ${name} holds the token of the Hugging Face Hub, which is never sent to ${endpoint.protocol}//${endpoint.host}.`,
    null,
    `Put the key of ${endpoint.host} into a variable of its own and name it in ${field}.`,
  );
}
