/** A teacher behind HTTP: its settings are checked, and its client is made. */
import type { TeacherSettings } from '../contracts/index.js';
import type { TeacherEnvironment } from './create-teacher.js';
import { readCredentials } from './credentials.js';
import { readEndpoint, requireWorkingSettings } from './endpoint.js';
import { HttpConnection } from './http-connection.js';
import { HuggingFaceTeacher } from './huggingface-teacher.js';
import { onlyModel } from './only-model.js';
import { type Teacher, TeacherRefusedError } from './teacher.js';
import { TextGenerationTeacher } from './text-generation-teacher.js';

/** Throws TeacherRefusedError. */
export async function openHttpTeacher(settings: TeacherSettings, env: TeacherEnvironment['env']): Promise<Teacher> {
  requireWorkingSettings(settings);
  const endpoint = readEndpoint(settings);
  const credentials = readCredentials(settings, endpoint, env);
  const connection = new HttpConnection(settings.concurrency);
  // Without a url there is a model, and never text-generation.
  if (settings.provider === 'text-generation') {
    return new TextGenerationTeacher({ settings, endpoint: endpoint!, credentials, connection });
  }
  if (endpoint === null && !credentials.key?.startsWith('hf_')) {
    throw new TeacherRefusedError(
      `${credentials.keyName} holds no token of the Hugging Face Hub (they begin with hf_).`,
      null,
      `Make one that may call inference providers at huggingface.co/settings/tokens, or set teacher.url.`,
    );
  }
  const model = settings.model ?? (await onlyModel(endpoint!, credentials, connection));
  return new HuggingFaceTeacher({ settings: { ...settings, model }, endpoint, credentials, connection });
}
