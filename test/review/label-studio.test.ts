/** Reviews in Label Studio: its files, and the calls to its API. With TUTELAGE_LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY the
 *  calls go to a real server (npm run test:label-studio). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  importFile,
  pullFromLabelStudio,
  pushToLabelStudio,
  type ReviewFolder,
  rowsToAudit,
  rowsToFix,
  takeSheet,
  writeReviewFile,
} from '../../src/review/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { AT, HOSTILE, LABELS, reviewOf } from './review-of.js';
import { type StandIn, startStandIn } from './tool-stand-in.js';

const ANA = { reviewer: 'ana', replace: false, at: AT };
const folder = mkdtempSync(join(tmpdir(), 'tutelage-label-studio-'));
let store: Store;
beforeAll(async () => {
  store = await openFileStore(join(folder, 'store'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function annotation(label: string | null, more: object = {}) {
  const value = { choices: [label] };
  const result = label === null ? [] : [{ from_name: 'decision', to_name: 'text', type: 'choices', value }];
  return { completed_by: 1, was_cancelled: false, created_at: '2026-01-02', result, ...more };
}

/** The exported folder's tasks with annotations, as Label Studio exports them. */
async function annotated(review: ReviewFolder, annotations: readonly unknown[][]): Promise<string> {
  const handout = { purpose: 'fix' as const, rows: await rowsToFix(review, 1000), labels: LABELS, guideline: '' };
  await writeReviewFile(join(folder, 'out'), 'label-studio', handout);
  const tasks: object[] = JSON.parse(readFileSync(join(folder, 'out', 'tasks.json'), 'utf8'));
  const path = join(folder, 'export.json');
  const exported = tasks.map((task, index) => ({ ...task, id: index + 1, annotations: annotations[index] ?? [] }));
  writeFileSync(path, JSON.stringify(exported));
  return path;
}

const taken = (review: ReviewFolder, path: string, options = {}) =>
  importFile(review, { ...ANA, ...options, path, format: 'label-studio' });

describe("Label Studio's files", () => {
  it('are a configuration with hotkeys, an instruction, and tasks with predictions', async () => {
    await annotated(await reviewOf(store, ['a text']), []);
    const read = (name: string) => readFileSync(join(folder, 'out', name), 'utf8');
    expect(read('label-config.xml')).toContain(
      '<Choice value="good, better" hint="A comma &amp; &quot;quotes&quot; &lt;here&gt;." hotkey="1"/>',
    );
    expect(read('label-config.xml')).toContain('<Choice value="bad" hotkey="2"/>');
    expect(read('instruction.html')).toContain('<li><b>bad</b> </li>');
    expect(JSON.parse(read('tasks.json'))).toEqual([
      {
        data: { id: 'id 0', text: 'a text', label: 'bad', doubt: 1, why: 'a reason', votes: 'bad: =because 0' },
        predictions: [
          {
            model_version: 'votes',
            score: 0,
            result: [{ from_name: 'decision', to_name: 'text', type: 'choices', value: { choices: ['bad'] } }],
          },
        ],
      },
    ]);
  });

  it("bring back each person's latest annotation; what was skipped stays open", async () => {
    const review = await reviewOf(store, ['a', 'b', 'c', 'd']);
    const path = await annotated(review, [
      [annotation('bad', { updated_at: '2026-01-03' }), annotation('good, better', { updated_at: '2026-01-02' })],
      [annotation('bad', { was_cancelled: true })],
      [annotation('good, better', { completed_by: { email: 'eva@example.com' } }), annotation('good, better')],
      [annotation(null)],
    ]);
    expect(await taken(review, path)).toMatchObject({ undecided: 2 });
    expect([...(await review.decisions()).values()].map(({ id, label, reviewer }) => [id, label, reviewer])).toEqual([
      ['id 0', 'bad', 'label-studio user 1'],
      ['id 2', 'good, better', 'label-studio user 1'],
    ]);
    const log = await review.log();
    const said = ['key-0', 'key-1', 'key-2'].map((key) => log.history(key).map(({ reviewer }) => reviewer));
    expect(said.flat().sort()).toEqual(['eva@example.com', 'label-studio user 1', 'label-studio user 1']);
    // The same file again holds no new decision.
    expect(await taken(review, path)).toMatchObject({ decisions: [], undecided: 2 });
  });

  it('are refused whole where people differ, unless the latest is to be taken', async () => {
    const review = await reviewOf(store, ['a', 'b']);
    const path = await annotated(review, [
      [annotation('bad'), annotation('good, better', { completed_by: 2, created_at: '2026-01-04' })],
      [annotation('bad')],
    ]);
    await expect(taken(review, path)).rejects.toMatchObject({
      problems: [
        '[0].annotations[0] says bad, and label-studio user 2 decided good, better (--replace takes the latest)',
        '[0].annotations[1] says good, better, and label-studio user 1 decided bad (--replace takes the latest)',
      ],
    });
    expect((await review.decisions()).size).toBe(0);
    await taken(review, path, { replace: true });
    expect((await review.decisions()).get('key-0')).toMatchObject({ label: 'good, better' });
  });

  it('are refused whole for unknown labels, changed texts and ids that are missing or repeated, by path', async () => {
    const review = await reviewOf(store, ['a', 'b', 'c', 'd']);
    const path = await annotated(review, [[annotation('awful')], [annotation('bad')], [], []]);
    const tasks = JSON.parse(readFileSync(path, 'utf8'));
    tasks[1].data.text = 'changed';
    tasks[2].data.id = 'id 1';
    delete tasks[3].data.id;
    tasks.push({ id: 5, label: 'bad', text: 'e' });
    writeFileSync(path, JSON.stringify(tasks));
    await expect(taken(review, path)).rejects.toMatchObject({
      problems: [
        '[0].annotations[0] is none of the labels: "awful"',
        '[1].data.text is not the text that was exported',
        '[2].data.id repeats the id of [1].data.id',
        '[3].data.id has no id',
        expect.stringMatching(/^\[4\]\.data: .*export the project as JSON/),
      ],
    });
    expect((await review.decisions()).size).toBe(0);
    writeFileSync(path, '[{');
    await expect(taken(review, path)).rejects.toThrow('it is no JSON');
  });

  it('of an audit show no label', async () => {
    const review = await reviewOf(store, ['a', 'b']);
    const { rows } = await rowsToAudit(review, { count: 2, reviewer: 'ana', at: AT });
    await writeReviewFile(join(folder, 'audit'), 'label-studio', {
      purpose: 'audit',
      rows,
      labels: LABELS,
      guideline: '',
    });
    const tasks = JSON.parse(readFileSync(join(folder, 'audit', 'tasks.json'), 'utf8'));
    expect(Object.keys(tasks[0].data)).toEqual(['id', 'text']);
    expect(tasks[0].predictions).toEqual([]);
    expect(readFileSync(join(folder, 'audit', 'label-config.xml'), 'utf8')).not.toContain('$why');
  });
});

describe("Label Studio's API (stand-in)", () => {
  let server: StandIn;
  beforeEach(async () => {
    server = await startStandIn();
  });
  afterEach(() => server.close());

  const handout = async (texts: readonly string[]) => {
    const review = await reviewOf(store, texts);
    return {
      purpose: 'fix' as const,
      rows: await rowsToFix(review, texts.length),
      labels: LABELS,
      guideline: 'Be fair.',
    };
  };

  it('buys an access token for a personal access token, and imports in portions', async () => {
    server.answer('POST /api/token/refresh/', () => ({ access: 'short-lived' }));
    server.answer('POST /api/projects', () => ({ id: 7 }));
    server.answer('POST /api/projects/7/import', (tasks) => ({ task_count: (tasks as unknown[]).length }));
    const pushed = await handout(Array.from({ length: 501 }, (_, index) => `text ${index}`));
    expect(await pushToLabelStudio(pushed, { url: `${server.url}/`, key: 'a.b.c', title: 'x' })).toBe(
      `${server.url}/projects/7`,
    );
    expect(server.calls[0]).toMatchObject({ body: { refresh: 'a.b.c' } });
    const imports = server.calls.filter(({ path }) => path.endsWith('/import'));
    expect(imports.map(({ body }) => (body as unknown[]).length)).toEqual([500, 1]);
    expect(imports[0]!.headers.authorization).toBe('Bearer short-lived');
  });

  it('leaves no half of a project behind', async () => {
    server.answer('POST /api/projects', () => ({ id: 7 }));
    server.answer('POST /api/projects/7/import', () => ({ task_count: 1 }));
    server.answer('DELETE /api/projects/7/', () => null);
    const pushed = await handout(['a', 'b']);
    await expect(pushToLabelStudio(pushed, { url: server.url, key: 'k', title: 'title' })).rejects.toThrow(
      'took 1 of 2',
    );
    expect(server.calls.at(-1)).toMatchObject({ method: 'DELETE', headers: { authorization: 'Token k' } });
    server.answer('DELETE /api/projects/7/', null);
    await expect(pushToLabelStudio(pushed, { url: server.url, key: 'k', title: 'title' })).rejects.toThrow(
      /half a project is left there .*\/api\/projects\/7\)/,
    );
  });

  it('says what a refused key, a wrong address and another program answer, without the key', async () => {
    const url = `${server.url}/projects/7`;
    const failure = await pullFromLabelStudio(url, 'secret-key').catch((error: Error) => error);
    expect(failure).toMatchObject({ name: 'ReviewToolError', status: 404 });
    expect(String(failure)).not.toContain('secret-key');
    await expect(pullFromLabelStudio(server.url, 'k')).rejects.toThrow('give http://HOST/projects/NUMBER');
    server.answer('GET /api/projects/7/export', () => []);
    server.answer('GET /api/users', () => ({ detail: 'of another program' }));
    await expect(pullFromLabelStudio(url, 'k')).rejects.toThrow('Is it the right address and version?');
    server.close();
    await expect(pullFromLabelStudio(url, 'k')).rejects.toThrow('gave no answer');
  });
});

const { LABEL_STUDIO_API_KEY: key, TUTELAGE_LABEL_STUDIO_URL: url } = process.env;
const real = url !== undefined && key !== undefined;
if (!real) process.stderr.write('skipped: a real Label Studio (npm run test:label-studio starts one)\n');

(real ? describe : describe.skip)('a real Label Studio', () => {
  /** As a person's browser does it; the legacy token is enough for that. */
  async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const personal = key!.split('.').length === 3;
    const refreshed = personal
      ? await fetch(`${url}/api/token/refresh/`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ refresh: key }),
        }).then(async (response) => (await response.json()) as { access: string })
      : null;
    const authorization = refreshed === null ? `Token ${key}` : `Bearer ${refreshed.access}`;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  it('takes a project of hostile texts, and gives back annotations, a skipped task and an untouched one', async () => {
    const review = await reviewOf(store, HOSTILE);
    const pushed = {
      purpose: 'fix' as const,
      rows: await rowsToFix(review, HOSTILE.length),
      labels: LABELS,
      guideline: 'Be fair.\nSecond <line>.',
    };
    const project = await pushToLabelStudio(pushed, { url: url!, key: key!, title: 'Round trip' });
    const id = project.split('/').at(-1);
    const made = await call<{ expert_instruction: string; parsed_label_config: { decision: { labels: string[] } } }>(
      'GET',
      `/api/projects/${id}`,
    );
    expect(made).toMatchObject({ title: 'Round trip', show_instruction: true, task_number: HOSTILE.length });
    expect(made.expert_instruction).toContain('Second &lt;line&gt;.');
    expect(made.parsed_label_config.decision.labels).toEqual(['good, better', 'bad']);

    const tasks = await call<{ id: number; data: { id: string }; predictions: number[] }[]>(
      'GET',
      `/api/projects/${id}/export?exportType=JSON&download_all_tasks=true`,
    );
    expect(tasks.every(({ predictions }) => predictions.length === 1)).toBe(true);
    const taskOf = (rowId: string) => tasks.find(({ data }) => data.id === rowId)!.id;
    const { result } = annotation('good, better');
    await call('POST', `/api/tasks/${taskOf('id 3')}/annotations`, { result });
    await call('POST', `/api/tasks/${taskOf('id 5')}/annotations`, annotation('bad'));
    await call('POST', `/api/tasks/${taskOf('id 6')}/annotations`, { result: [], was_cancelled: true });

    const sheet = await pullFromLabelStudio(`${project}/data`, key!);
    const checked = await takeSheet(review, sheet, { ...ANA, place: project });
    expect(checked.undecided).toBe(HOSTILE.length - 2);
    const users = await call<{ email: string }[]>('GET', '/api/users');
    expect([...(await review.decisions()).values()]).toEqual([
      expect.objectContaining({ id: 'id 3', label: 'good, better', purpose: 'fix', reviewer: users[0]!.email }),
      expect.objectContaining({ id: 'id 5', label: 'bad', purpose: 'fix', reviewer: users[0]!.email }),
    ]);
  });
});
