/** Where a teacher behind HTTP is, and whether it can be asked with its settings. */
import type { TeacherSettings } from '../contracts/index.js';
import { TeacherRefusedError } from './teacher.js';

/** Fields of the body that the votes, the budget or the reading of replies rest on. */
const OWN_FIELDS = ['messages', 'inputs', 'parameters', 'model', 'n', 'stream', 'max_tokens', 'max_completion_tokens'];

/** Sends nothing and looks for no key. Throws TeacherRefusedError. */
export function requireWorkingSettings(settings: TeacherSettings): void {
  if (settings.provider === 'recorded') {
    if (settings.replies !== null) return;
    throw refusal(
      'teacher.replies is missing.',
      'Name the file of recorded replies (JSONL), or choose another provider.',
    );
  }
  const taken = OWN_FIELDS.find((name) => name in settings.extraBody);
  if (taken !== undefined) {
    throw refusal(
      `teacher.extraBody.${taken} can't be set there.`,
      'Leave it out: the task has a key of its own for it.',
    );
  }
  if (readEndpoint(settings) !== null) return;
  if (settings.provider === 'text-generation') {
    throw refusal('teacher.url is missing.', 'Say where the server is: http://localhost:8080.');
  }
  if (settings.model === null) {
    throw refusal('teacher.model is missing.', 'Name a model that the router serves, as in config/teachers.yaml.');
  }
}

/** null: the Hub's router. Throws TeacherRefusedError. */
export function readEndpoint({ model, url }: Pick<TeacherSettings, 'model' | 'url'>): URL | null {
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
