/** The teachers of a run in this process: one client each for all its chunks. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { PreparedTeacher, Task, TeacherSettings } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import {
  type AskedTeacher,
  askedTeachers,
  createTeacher,
  limiterFor,
  priceOf,
  type Teacher,
} from '../teachers/index.js';
import type { Dependencies } from './dependencies.js';

const clients = new Map<string, Promise<Teacher>>();

/** All teachers that the task asks, by name. found: what prepare found of them; null: it is just being found. */
export async function teachersOfRun(
  task: Task,
  store: Store,
  dependencies: Dependencies,
  found: readonly PreparedTeacher[] | null,
): Promise<Map<string, AskedTeacher>> {
  const asked = new Map<string, AskedTeacher>();
  for (const [name, written] of askedTeachers(task)) {
    const prepared = found?.find((each) => each.name === name);
    // Endpoints that name no model in the task were asked for it.
    const settings = { ...written, model: written.model ?? prepared?.model ?? null };
    const teacher = await clientFor(name, settings, store, dependencies);
    const limiter = limiterFor(`${teacher.host} ${teacher.model}`, settings, dependencies.teacherWorkers);
    const jsonSchema = prepared?.probe.jsonSchema ?? false;
    asked.set(name, { settings, teacher, model: teacher.model, limiter, price: await priceOf(settings), jsonSchema });
  }
  return asked;
}

function clientFor(name: string, settings: TeacherSettings, store: Store, { env }: Dependencies): Promise<Teacher> {
  const key = JSON.stringify([name, settings, store.ref.id]);
  let client = clients.get(key);
  if (client === undefined) {
    client = createTeacher(settings, { env, name, readRecording: (path) => readRecording(path, store) });
    clients.set(key, client);
    client.catch(() => clients.delete(key));
  }
  return client;
}

function readRecording(path: string, store: Store): AsyncIterable<string> {
  if (path.startsWith('store:')) return store.lines(path.slice('store:'.length));
  return createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
}
