/** The teacher of a run in this process: one client for all its chunks. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Task } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { createTeacher, type Price, priceOf, type Teacher } from '../teachers/index.js';
import type { Dependencies } from './dependencies.js';

const teachers = new Map<string, Promise<Teacher>>();

/** `model`: the one that the probe found, for endpoints that name none in the task. */
export async function teacherOf(
  task: Task,
  store: Store,
  { env }: Dependencies,
  model: string | null,
): Promise<{ teacher: Teacher; price: Price | null }> {
  const settings = { ...task.teacher, model: task.teacher.model ?? model };
  const key = JSON.stringify([settings, store.ref.id]);
  let teacher = teachers.get(key);
  if (teacher === undefined) {
    teacher = createTeacher(settings, { env, readRecording: (path) => readRecording(path, store) });
    teachers.set(key, teacher);
    teacher.catch(() => teachers.delete(key));
  }
  return { teacher: await teacher, price: await priceOf(settings) };
}

function readRecording(path: string, store: Store): AsyncIterable<string> {
  if (path.startsWith('store:')) return store.lines(path.slice('store:'.length));
  return createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
}
