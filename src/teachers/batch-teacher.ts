/** What a teacher can do that also answers in batches. */
import type { BatchSettings, TeacherReply } from '../contracts/index.js';
import type { BatchApi } from './batch-api.js';
import type { TeacherRequest } from './teacher.js';

export interface BatchTeacher {
  readonly settings: BatchSettings;
  readonly api: BatchApi;
  /** Body of one request, as JSON. */
  body(request: TeacherRequest): string;
  /** Reads the body of an answer. Throws TeacherFailedError for what is none. */
  read(answer: unknown, request: TeacherRequest): Omit<TeacherReply, 'latencyMs'>;
  /** What an answer with an error's status means: an error of the teacher port. */
  errorOf(answer: { readonly status: number; readonly body: string }, request: TeacherRequest): Error;
}
