/** A teacher that a run asks, with all that its calls go by. */
import { OWN_TEACHER, type Task, type TeacherSettings } from '../contracts/index.js';
import type { CallLimiter } from './call-limiter.js';
import type { Price } from './catalogue.js';
import { type Teacher, TeacherRefusedError } from './teacher.js';

/** What questions to a teacher depend on. */
export interface QuestionTeacher {
  readonly settings: TeacherSettings;
  /** null: the endpoint names none. */
  readonly model: string | null;
  readonly price: Price | null;
  /** The endpoint accepts a JSON schema. */
  readonly jsonSchema: boolean;
}

export interface AskedTeacher extends QuestionTeacher {
  readonly teacher: Teacher;
  readonly limiter: CallLimiter;
}

/** Teachers by the names that votes.plan calls them. */
export type ByName<Value> = ReadonlyMap<string, Value>;

/** The teachers that votes.plan asks, in its order. */
export function askedTeachers(task: Pick<Task, 'teacher' | 'teachers' | 'votes'>): Map<string, TeacherSettings> {
  return new Map(task.votes.plan.map(({ teacher }) => [teacher, teacherSettings(task, teacher)]));
}

/** name: as votes.plan calls the teacher. */
export function teacherSettings(
  { teacher, teachers }: Pick<Task, 'teacher' | 'teachers'>,
  name: string,
): TeacherSettings {
  const settings = name === OWN_TEACHER ? teacher : teachers[name];
  if (settings === undefined) throw new RangeError(`votes.plan asks ${name}, which is no teacher`);
  return settings;
}

/** Who is asked a question of the plan. */
export function askedBy<Value>({ teacher }: { readonly teacher: string }, teachers: ByName<Value>): Value {
  const asked = teachers.get(teacher);
  if (asked === undefined) throw new RangeError(`votes.plan asks ${teacher}, which is not at hand`);
  return asked;
}

/** A teacher's settings in the task: "teacher" or "teachers.NAME". */
export function teacherField(name: string): string {
  return name === OWN_TEACHER ? name : `teachers.${name}`;
}

/** Replies of several recordings without a model are told apart by their teachers' names. */
export function modelOfRecording(name: string, { model }: Pick<TeacherSettings, 'model'>): string | null {
  return model ?? (name === OWN_TEACHER ? null : name);
}

/** The error with the keys of this teacher where it names those of the task's own: teachers.dear.model for teacher.model. */
export function inTermsOf(name: string, error: unknown): unknown {
  if (name === OWN_TEACHER || !(error instanceof TeacherRefusedError)) return error;
  const renamed = (words: string) => words.replace(/\bteacher\.(?=[a-zA-Z])/g, `${teacherField(name)}.`);
  return new TeacherRefusedError(renamed(error.message), error.status, renamed(error.mend));
}
