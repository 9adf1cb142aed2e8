/** The teacher that a task names, ready to be asked. */
import { OWN_TEACHER, type TeacherSettings } from '../contracts/index.js';
import { inTermsOf, modelOfRecording } from './asked-teacher.js';
import { requireWorkingSettings } from './endpoint.js';
import { RecordedTeacher } from './recorded-teacher.js';
import { Recording, RecordingError } from './recording.js';
import { type Teacher, TeacherRefusedError } from './teacher.js';

export interface TeacherEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines of a file of recorded replies, by teacher.replies. */
  readonly readRecording: (path: string) => AsyncIterable<string>;
  /** What votes.plan calls the teacher; of a recording it takes its own replies. Without: the task's own. */
  readonly name?: string;
}

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
  const { openHttpTeacher } = await loadHttpTeachers();
  return openHttpTeacher(settings, environment.env);
}

/** Their clients take long to load, and most processes ask no teacher; one that is going to may load them beforehand. */
export function loadHttpTeachers(): Promise<typeof import('./open-http-teacher.js')> {
  return import('./open-http-teacher.js');
}

async function openRecording(
  settings: TeacherSettings,
  { name = OWN_TEACHER, readRecording }: TeacherEnvironment,
): Promise<Teacher> {
  requireWorkingSettings(settings);
  try {
    return new RecordedTeacher(
      modelOfRecording(name, settings),
      await Recording.read(readRecording(settings.replies!), name),
    );
  } catch (error) {
    const isOurs = error instanceof RecordingError;
    if (!isOurs && !isMissingFile(error)) throw error;
    const problem = isOurs ? error.message : 'there is no such file';
    throw new TeacherRefusedError(
      `teacher.replies (${settings.replies}): ${problem}.`,
      null,
      'Each line is one object of text, sample and content.',
    );
  }
}

/** On the worker's disk or in the store. */
function isMissingFile(error: unknown): boolean {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  return code === 'ENOENT' || name === 'MissingArtifactError';
}
