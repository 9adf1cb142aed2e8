/** A task comes from a file, a name, the store or inline, and is the same task with the same hash. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTaskFile, resolveTask, TaskError } from '../../src/tasks/index.js';

const INLINE = {
  name: 'tone',
  kind: 'text-classification',
  labels: [{ name: 'good' }, { name: 'bad' }],
};
const YAML = 'kind: text-classification\nname: tone\nlabels:\n  - name: good\n  - {name: bad}\n';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'resolve-task-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const noStore = async (path: string): Promise<string> => {
  throw new Error(`the store was asked for ${path}`);
};
const resolve = (task: string | Record<string, unknown>, set: Record<string, unknown> = {}) =>
  resolveTask({ task, set, readStored: noStore, cwd });

function write(name: string, text: string): string {
  const path = join(cwd, name);
  writeFileSync(path, text);
  return path;
}

describe('resolveTask', () => {
  it('gives the same hash for the same task inline, in YAML with another order of keys, by name, and in the store', async () => {
    const { task, taskHash } = await resolve(INLINE);
    expect(task.votes.stop).toBe('all');
    expect(taskHash).toMatch(/^[0-9a-f]{64}$/);
    write('tone.yaml', YAML);
    mkdirSync(join(cwd, 'config', 'tasks'), { recursive: true });
    write('config/tasks/tone.yaml', YAML);
    const readStored = async (path: string) => (path === 'tasks/tone.yaml' ? YAML : noStore(path));
    const stored = await resolveTask({ task: 'store:tasks/tone.yaml', set: {}, readStored, cwd });
    expect((await resolve('./tone.yaml')).taskHash).toBe(taskHash);
    expect((await resolve('tone')).taskHash).toBe(taskHash);
    expect(stored.taskHash).toBe(taskHash);
  });

  it('gives another hash when an override changes the task, and the same when it states the default', async () => {
    const { taskHash } = await resolve(INLINE);
    const changed = await resolve(INLINE, { 'votes.stop': 'majority' });
    expect(changed.task.votes.stop).toBe('majority');
    expect(changed.taskHash).not.toBe(taskHash);
    expect((await resolve(INLINE, { 'votes.stop': 'all' })).taskHash).toBe(taskHash);
  });

  it('lists every problem under the name of the file', async () => {
    const path = write('broken.yaml', `${YAML}votes: {stop: majorty}\nbudjet: {usd: 5}\n`);
    const refusal = resolve('broken.yaml');
    await expect(refusal).rejects.toThrow(TaskError);
    await expect(refusal).rejects.toThrow(
      new RegExp(
        `^task ${path} can't be used:\\n {2}votes\\.stop: .*\\n {2}budjet: unknown key; did you mean "budget"\\?$`,
      ),
    );
  });

  it('says that an inline task is meant where it is refused', async () => {
    await expect(
      resolveTask({ task: { name: 'Tone' }, called: 'task tone.yaml', set: {}, readStored: noStore, cwd }),
    ).rejects.toThrow(/^task tone\.yaml can't be used:\n {2}name: /);
    await expect(resolve({ name: 'Tone' })).rejects.toThrow(/^the task of the input can't be used:\n {2}name: /);
  });
});

describe('readTaskFile', () => {
  it('names the line of a key that stands twice', async () => {
    const path = write('twice.yaml', 'name: tone\nkind: text-classification\nname: other\n');
    await expect(readTaskFile(path)).rejects.toThrow(
      `task ${path} is not readable YAML:\n  line 3: this key stands twice`,
    );
  });

  it('names the line that is not YAML', async () => {
    const path = write('broken.yaml', 'name: tone\nlabels: [good, bad\nkind: x\n');
    await expect(readTaskFile(path)).rejects.toThrow(/line [23]: /);
  });

  it.each([
    ['a second document', 'name: tone\n---\nname: other\n', /line 2: a second document begins/],
    ['an alias without its anchor', 'name: *tone\n', /not readable YAML/],
    ['nothing but comments', '# soon\n', /is empty$/],
  ])('refuses %s', async (_what, yaml, problem) => {
    const path = write('task.yaml', yaml);
    await expect(readTaskFile(path)).rejects.toThrow(problem);
  });

  it('reads JSON', async () => {
    expect(await readTaskFile(write('task.json', JSON.stringify(INLINE)))).toEqual(INLINE);
  });

  it('says why a file can not be read', async () => {
    await expect(readTaskFile(cwd)).rejects.toThrow(`task ${cwd}: the file can't be read (EISDIR)`);
  });
});
