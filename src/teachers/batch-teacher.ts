/** What a teacher can do that also answers in batches. */
import type { BatchSettings, TeacherReply } from '../contracts/index.js';
import type { AskedTeacher } from './asked-teacher.js';
import type { BatchApi } from './batch-api.js';
import type { Teacher, TeacherRequest } from './teacher.js';

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

/** A teacher that a run asks in batches. */
export interface BatchedTeacher extends AskedTeacher {
  readonly teacher: Teacher & { readonly batches: BatchTeacher };
}

export function isBatched(asked: AskedTeacher): asked is BatchedTeacher {
  return Boolean(asked.teacher.batches);
}
