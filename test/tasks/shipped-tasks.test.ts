/** The tasks that come with the package can be used as they are. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ownPackageFolder, resolveTask } from '../../src/tasks/index.js';

const shipped = readdirSync(join(ownPackageFolder(), 'config', 'tasks')).map((file) => file.replace(/\.yaml$/, ''));

it.each(shipped)('the shipped task %s is valid and has the name of its file', async (name) => {
  const readStored = async (path: string): Promise<string> => {
    throw new Error(`the store was asked for ${path}`);
  };
  const { task } = await resolveTask({ task: name, set: {}, readStored, cwd: join(ownPackageFolder(), 'test') });
  expect(task.name).toBe(name);
});
