/** A chunk in a store of its own, ready to be annotated. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChunkEntry,
  type ChunkResult,
  type Grant,
  OWN_TEACHER,
  type Spending,
  Task,
  type TextRow,
} from '../../../src/contracts/index.js';
import { openFileStore, type Store } from '../../../src/store/index.js';
import { CallLimiter } from '../../../src/teachers/call-limiter.js';
import {
  type AskedTeacher,
  annotateChunk,
  type ChunkJob,
  type ChunkPorts,
  chunkFolder,
  type Teacher,
  teacherSettings,
} from '../../../src/teachers/index.js';

export const NO_LIMIT: Grant = { calls: null, tokens: null, micros: null };
/** A call of the fake teacher (300 and 50 tokens) costs 300 * 1 + 50 * 2 = 400 micro-dollars. */
export const PRICE = { inputPerMillion: 1, outputPerMillion: 2 };
export const CALL_MICROS = 400;

const LABELS = ['positive', 'negative', 'neutral'].map((name) => ({ name }));

/** Settings that a test may change, as a task file would. */
export interface TaskChanges {
  readonly teacher?: Record<string, unknown>;
  readonly teachers?: Record<string, unknown>;
  readonly votes?: Record<string, unknown>;
  readonly budget?: Record<string, unknown>;
  readonly labels?: ReadonlyArray<Record<string, unknown>>;
}

export function newTask({
  teacher = {},
  teachers = {},
  votes = {},
  budget = {},
  labels = LABELS,
}: TaskChanges = {}): Task {
  return Task.parse({
    name: 'sentiment',
    kind: 'text-classification',
    labels,
    teacher: { concurrency: 8, ...teacher },
    teachers,
    votes,
    budget,
  });
}

/** The task's own teacher, or all by name. */
type TestTeachers = Teacher | Readonly<Record<string, Teacher>>;
type Asking = Partial<Pick<AskedTeacher, 'limiter' | 'price' | 'jsonSchema'>>;

/** As a run would ask it, at the price of the tests. */
export function askedTeacher(task: Task, teacher: Teacher, name: string = OWN_TEACHER): AskedTeacher {
  const settings = teacherSettings(task, name);
  const price = settings.price ?? PRICE;
  return { settings, teacher, model: teacher.model, limiter: new CallLimiter(settings), price, jsonSchema: false };
}

/** A line of a journal or a claim. */
export interface ChunkRecord extends Record<string, unknown> {
  readonly worst: Spending;
}

export class ChunkFixture {
  readonly folder: string;
  readonly controlPath: string;

  private constructor(
    readonly root: string,
    readonly store: Store,
    readonly chunk: ChunkEntry,
    readonly texts: readonly string[],
    readonly run: string,
  ) {
    this.folder = chunkFolder(run, chunk);
    this.controlPath = `${run}/control.json`;
  }

  /** Texts "text 0", "text 1" and so on, or those given. */
  static async make(texts: number | readonly string[], run = 'runs/first'): Promise<ChunkFixture> {
    const root = mkdtempSync(join(tmpdir(), 'tutelage-chunk-'));
    return ChunkFixture.in(root, await openFileStore(root), texts, run, []);
  }

  static async in(
    root: string,
    store: Store,
    texts: number | readonly string[],
    run: string,
    reuse: readonly string[],
  ): Promise<ChunkFixture> {
    const all = typeof texts === 'number' ? Array.from({ length: texts }, (_, i) => `text ${i}`) : texts;
    const rows = all.map(rowOf).sort((a, b) => (a.key < b.key ? -1 : 1));
    const file = await store.write(
      `${run}/prepare/corpus-00000.jsonl`,
      rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    );
    const chunk: ChunkEntry = {
      name: 'corpus-00000',
      set: 'corpus',
      file,
      texts: rows.length,
      characters: rows.reduce((sum, row) => sum + row.text.length, 0),
      firstKey: rows[0]!.key,
      lastKey: rows.at(-1)!.key,
      reuse: [...reuse],
    };
    return new ChunkFixture(
      root,
      store,
      chunk,
      rows.map((row) => row.text),
      run,
    );
  }

  /** The same texts, or others, in a later run that may use the replies of this one. */
  async laterRun(texts: number | readonly string[], run: string): Promise<ChunkFixture> {
    return ChunkFixture.in(this.root, this.store, texts, run, [this.folder]);
  }

  job(task: Task, changes: Partial<ChunkJob> = {}): ChunkJob {
    return {
      task,
      index: 0,
      chunk: this.chunk,
      folder: this.folder,
      controlPath: this.controlPath,
      grant: NO_LIMIT,
      owner: { activity: 'a test', attempt: 1 },
      ...changes,
    };
  }

  ports(teachers: TestTeachers, task: Task, changes: Partial<ChunkPorts> = {}, asked: Asking = {}): ChunkPorts {
    const all = 'ask' in teachers ? { [OWN_TEACHER]: teachers as Teacher } : teachers;
    const named = Object.entries(all).map(([name, teacher]): [string, AskedTeacher] => [
      name,
      { ...askedTeacher(task, teacher, name), ...asked },
    ]);
    return {
      store: this.store,
      teachers: new Map(named),
      signal: new AbortController().signal,
      onProgress: () => {},
      ...changes,
    };
  }

  annotate(
    teachers: TestTeachers,
    task: Task,
    { job = {}, ports = {}, asked = {} }: { job?: Partial<ChunkJob>; ports?: Partial<ChunkPorts>; asked?: Asking } = {},
  ): Promise<ChunkResult> {
    return annotateChunk(this.job(task, job), this.ports(teachers, task, ports, asked));
  }

  async setControl(state: string): Promise<void> {
    await this.store.write(this.controlPath, JSON.stringify({ state }));
  }

  /** The lines of a file in the chunk's folder, as JSON. */
  async records(name: string): Promise<ChunkRecord[]> {
    const records: ChunkRecord[] = [];
    for await (const line of this.store.lines(`${this.folder}/${name}`)) records.push(JSON.parse(line));
    return records;
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function rowOf(text: string, index: number): TextRow {
  const key = createHash('sha256').update(text).digest('hex');
  return { key, id: `id-${index}`, text, asked: null, line: index + 1, copies: 1, gold: null, gateGold: false };
}
