/** A task file is found by path or by name, and a miss says what there is. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTask, ownPackageFolder, TaskError } from '../../src/tasks/index.js';

let places: { cwd: string; packageFolder: string };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'find-task-'));
  places = { cwd: join(folder, 'project'), packageFolder: join(folder, 'package') };
  for (const place of Object.values(places)) mkdirSync(join(place, 'config', 'tasks'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

function addTask(place: string, name: string): string {
  const path = join(place, 'config', 'tasks', `${name}.yaml`);
  writeFileSync(path, `name: ${name}\n`);
  return path;
}

describe('findTask', () => {
  it('finds a shipped task by its name', () => {
    const path = addTask(places.packageFolder, 'sentiment');
    expect(findTask('sentiment', places)).toEqual({ path });
  });

  it("prefers the project's own task to a shipped one of the same name", () => {
    addTask(places.packageFolder, 'sentiment');
    const path = addTask(places.cwd, 'sentiment');
    expect(findTask('sentiment', places)).toEqual({ path });
  });

  it.each(['mine.yaml', './mine.yaml', 'mine.yml', 'mine.json'])(
    'takes %s for a path from the working directory',
    (reference) => {
      const path = join(places.cwd, reference);
      writeFileSync(path, '{}');
      expect(findTask(reference, places)).toEqual({ path });
    },
  );

  it('lists the names there are, each once, and the nearest one, for a name that is not there', () => {
    addTask(places.packageFolder, 'sentiment');
    addTask(places.cwd, 'sentiment');
    addTask(places.cwd, 'topics');
    const find = () => findTask('sentimnet', places);
    expect(find).toThrow(TaskError);
    expect(find).toThrow(/did you mean sentiment\?.*names sentiment, topics$/);
  });

  it('names the absolute path for a file that is not there', () => {
    expect(() => findTask('./gone.yaml', places)).toThrow(`there is no file ${join(places.cwd, 'gone.yaml')}`);
  });

  it('does not take a folder for a task file', () => {
    mkdirSync(join(places.cwd, 'folder.yaml'));
    expect(() => findTask('folder.yaml', places)).toThrow(TaskError);
  });
});

describe('ownPackageFolder', () => {
  it('is the folder that holds package.json and the sources', () => {
    expect(existsSync(join(ownPackageFolder(), 'src', 'tasks', 'find-task.ts'))).toBe(true);
  });
});
