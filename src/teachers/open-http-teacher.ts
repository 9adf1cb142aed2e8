/** A teacher behind HTTP: its settings are checked, and its client is made. */
import type { TeacherSettings } from '../contracts/index.js';
import type { TeacherEnvironment } from './create-teacher.js';
import { readCredentials } from './credentials.js';
import { HttpConnection } from './http-connection.js';
import { HuggingFaceTeacher } from './huggingface-teacher.js';
import { onlyModel } from './only-model.js';
import { type Teacher, TeacherRefusedError } from './teacher.js';
import { TextGenerationTeacher } from './text-generation-teacher.js';

/** Fields of the body that the votes, the budget or the reading of replies rest on. */
const OWN_FIELDS = ['messages', 'inputs', 'parameters', 'model', 'n', 'stream', 'max_tokens', 'max_completion_tokens'];

/** Throws TeacherRefusedError. */
export async function openHttpTeacher(settings: TeacherSettings, env: TeacherEnvironment['env']): Promise<Teacher> {
  const taken = OWN_FIELDS.find((name) => name in settings.extraBody);
  if (taken !== undefined) {
    throw refusal(
      `teacher.extraBody.${taken} can't be set there.`,
      'Leave it out: the task has a key of its own for it.',
    );
  }
  const endpoint = readEndpoint(settings);
  const credentials = readCredentials(settings, endpoint, env);
  const connection = new HttpConnection(settings.concurrency);
  if (settings.provider === 'text-generation') {
    if (endpoint === null) throw refusal('teacher.url is missing.', 'Say where the server is: http://localhost:8080.');
    return new TextGenerationTeacher({ settings, endpoint, credentials, connection });
  }
  if (endpoint === null && !credentials.key?.startsWith('hf_')) {
    throw refusal(
      `${credentials.keyName} holds no token of the Hugging Face Hub (they begin with hf_).`,
      `Make one that may call inference providers at huggingface.co/settings/tokens, or set teacher.url.`,
    );
  }
  const model = settings.model ?? (endpoint && (await onlyModel(endpoint, credentials, connection)));
  if (model === null) {
    throw refusal('teacher.model is missing.', 'Name a model that the router serves, as in config/teachers.yaml.');
  }
  return new HuggingFaceTeacher({ settings: { ...settings, model }, endpoint, credentials, connection });
}

function readEndpoint({ model, url }: TeacherSettings): URL | null {
  if (model !== null && /^https?:\/\//.test(model)) {
    throw refusal('teacher.model is a URL.', "Put it in teacher.url; teacher.model is the model's id, or null.");
  }
  if (url === null) return null;
  const endpoint = new URL(url);
  if (endpoint.username !== '' || endpoint.password !== '' || endpoint.search !== '') {
    throw refusal(
      `teacher.url (${endpoint.host}) holds a name, a password or a query.`,
      'Put the key in an environment variable and name it in teacher.apiKeyEnv or teacher.headers.',
    );
  }
  return endpoint;
}

function refusal(message: string, mend: string): TeacherRefusedError {
  return new TeacherRefusedError(message, null, mend);
}
