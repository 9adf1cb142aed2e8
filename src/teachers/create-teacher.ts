/** The teacher that a task names, ready to be asked. */
import { OWN_TEACHER, type TeacherSettings } from '../contracts/index.js';
import { inTermsOf, modelOfRecording } from './asked-teacher.js';
import { readCredentials } from './credentials.js';
import { HttpConnection } from './http-connection.js';
import { HuggingFaceTeacher } from './huggingface-teacher.js';
import { onlyModel } from './only-model.js';
import { RecordedTeacher } from './recorded-teacher.js';
import { Recording, RecordingError } from './recording.js';
import { type Teacher, TeacherRefusedError } from './teacher.js';
import { TextGenerationTeacher } from './text-generation-teacher.js';

export interface TeacherEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines of a file of recorded replies, by teacher.replies. */
  readonly readRecording: (path: string) => AsyncIterable<string>;
  /** What votes.plan calls the teacher; of a recording it takes its own replies. Without: the task's own. */
  readonly name?: string;
}

/** Fields of the body that the votes, the budget or the reading of replies rest on. */
const OWN_FIELDS = ['messages', 'inputs', 'parameters', 'model', 'n', 'stream', 'max_tokens', 'max_completion_tokens'];

/** Sends nothing, except where a url has no model: then it asks the endpoint which it serves. Throws TeacherRefusedError
 *  for settings that can't work; what else the endpoint may refuse, the probe finds. */
export async function createTeacher(settings: TeacherSettings, environment: TeacherEnvironment): Promise<Teacher> {
  try {
    return await openTeacher(settings, environment);
  } catch (error) {
    throw inTermsOf(environment.name ?? OWN_TEACHER, error);
  }
}

async function openTeacher(settings: TeacherSettings, environment: TeacherEnvironment): Promise<Teacher> {
  if (settings.provider === 'recorded') return openRecording(settings, environment);
  const taken = OWN_FIELDS.find((name) => name in settings.extraBody);
  if (taken !== undefined) {
    throw refusal(
      `teacher.extraBody.${taken} can't be set there.`,
      'Leave it out: the task has a key of its own for it.',
    );
  }
  const endpoint = readEndpoint(settings);
  const credentials = readCredentials(settings, endpoint, environment.env);
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

async function openRecording(
  settings: TeacherSettings,
  { name = OWN_TEACHER, readRecording }: TeacherEnvironment,
): Promise<Teacher> {
  if (settings.replies === null) {
    throw refusal(
      'teacher.replies is missing.',
      'Name the file of recorded replies (JSONL), or choose another provider.',
    );
  }
  try {
    return new RecordedTeacher(
      modelOfRecording(name, settings),
      await Recording.read(readRecording(settings.replies), name),
    );
  } catch (error) {
    const isOurs = error instanceof RecordingError;
    if (!isOurs && !isMissingFile(error)) throw error;
    const problem = isOurs ? error.message : 'there is no such file';
    throw refusal(
      `teacher.replies (${settings.replies}): ${problem}.`,
      'Each line is one object of text, sample and content.',
    );
  }
}

/** On the worker's disk or in the store. */
function isMissingFile(error: unknown): boolean {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  return code === 'ENOENT' || name === 'MissingArtifactError';
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
