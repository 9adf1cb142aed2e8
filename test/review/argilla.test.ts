/** Reviews in Argilla: its files, and the calls to a stand-in that keeps to the order of its server's states. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  importFile,
  pullFromArgilla,
  pushToArgilla,
  rowsToAudit,
  rowsToFix,
  takeSheet,
  writeReviewFile,
} from '../../src/review/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { AT, HOSTILE, LABELS, reviewOf } from './review-of.js';
import { type StandIn, type StandInCall, startStandIn } from './tool-stand-in.js';

const ANA = { reviewer: 'ana', replace: false, at: AT };
const DATASET = '00000000-0000-4000-8000-000000000001';
const folder = mkdtempSync(join(tmpdir(), 'tutelage-argilla-'));
let store: Store;
beforeAll(async () => {
  store = await openFileStore(join(folder, 'store'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface StoredRecord {
  external_id: string;
  responses?: object[];
}

/** Argilla's server: settings before publication, records after it, 500 a call. */
async function startArgilla(): Promise<StandIn & { records: StoredRecord[]; made: Record<string, unknown> }> {
  const server = await startStandIn();
  const records: StoredRecord[] = [];
  const made: Record<string, unknown> = {};
  let state: 'none' | 'draft' | 'ready' = 'none';
  const path = `/api/v1/datasets/${DATASET}`;
  const guarded = (needed: typeof state, work: (body: unknown, call: StandInCall) => unknown) => {
    return (body: unknown, call: StandInCall) =>
      call.headers['x-argilla-api-key'] !== 'the-key' ? 401 : state === needed ? work(body, call) : 422;
  };
  server.answer('GET /api/v1/me/workspaces', () => ({
    items: [
      { id: 'w1', name: 'one' },
      { id: 'w2', name: 'two' },
    ],
  }));
  server.answer(
    'POST /api/v1/datasets',
    guarded('none', (body) => {
      made.dataset = body;
      state = 'draft';
      return { id: DATASET };
    }),
  );
  for (const kind of ['fields', 'questions', 'metadata-properties']) {
    made[kind] = [];
    server.answer(
      `POST ${path}/${kind}`,
      guarded('draft', (body) => {
        const all = made[kind] as unknown[];
        all.push(body);
        return { id: `${kind}-${all.length}` };
      }),
    );
  }
  server.answer(
    `PUT ${path}/publish`,
    guarded('draft', () => {
      state = 'ready';
      return { id: DATASET };
    }),
  );
  server.answer(
    `POST ${path}/records/bulk`,
    guarded('ready', (body) => {
      const { items } = body as { items: StoredRecord[] };
      if (items.length > 500) return 422;
      records.push(...items);
      return { items };
    }),
  );
  server.answer(
    `GET ${path}/records`,
    guarded('ready', (_, { query }) => {
      const offset = Number(query.get('offset'));
      return query.get('include') === 'responses'
        ? { items: records.slice(offset, offset + Number(query.get('limit'))), total: records.length }
        : 422;
    }),
  );
  server.answer(`DELETE ${path}`, () => {
    state = 'none';
    return { id: DATASET };
  });
  server.answer('GET /api/v1/users', () => ({ items: [{ id: 'u1', username: 'eva' }] }));
  return { ...server, records, made };
}

describe("Argilla's API (stand-in)", () => {
  it('takes a dataset with question, guidelines, records and suggestions, and gives back submitted responses', async () => {
    const server = await startArgilla();
    try {
      const texts = [...HOSTILE, ...Array.from({ length: 600 }, (_, index) => `text ${index}`)];
      const review = await reviewOf(store, texts);
      const rows = await rowsToFix(review, texts.length);
      const handout = { purpose: 'fix' as const, rows, labels: LABELS, guideline: 'Be fair.' };
      const target = { url: server.url, key: 'the-key', name: 'run fix' };
      await expect(pushToArgilla(handout, { ...target, workspace: null })).rejects.toThrow(
        'the key sees several workspaces: choose by --workspace: one, two',
      );
      await expect(pushToArgilla(handout, { ...target, workspace: 'three' })).rejects.toThrow('no workspace three');
      const url = await pushToArgilla(handout, { ...target, workspace: 'two' });
      expect(url).toBe(`${server.url}/dataset/${DATASET}/annotation-mode`);
      expect(server.made).toMatchObject({
        dataset: { name: 'run fix', workspace_id: 'w2', guidelines: expect.stringContaining('Be fair.\n- **good') },
        fields: [{ name: 'text', required: true }, { name: 'why' }, { name: 'votes' }],
        questions: [
          {
            name: 'decision',
            settings: { type: 'label_selection', options: [{ value: 'good, better' }, { value: 'bad' }] },
          },
        ],
        'metadata-properties': [{ name: 'label' }, { name: 'doubt' }],
      });
      expect(server.records).toHaveLength(610);
      expect(server.records[0]).toMatchObject({
        external_id: 'id 0',
        fields: { text: HOSTILE[0], why: 'a reason', votes: 'bad: =because 0' },
        suggestions: [{ question_id: 'questions-1', value: 'bad', score: 0, agent: 'votes', type: 'model' }],
      });

      const response = (value: string, status: string, user_id: string) => ({
        status,
        user_id,
        updated_at: '2026-01-02',
        values: { decision: { value } },
      });
      server.records[3]!.responses = [response('good, better', 'submitted', 'u1')];
      server.records[4]!.responses = [response('good, better', 'draft', 'u1')];
      server.records[5]!.responses = [{ status: 'discarded', user_id: 'u1', values: null }];
      server.records[605]!.responses = [response('bad', 'submitted', 'u2'), response('bad', 'submitted', 'u1')];
      const sheet = await pullFromArgilla(url, 'the-key');
      const checked = await takeSheet(review, sheet, { ...ANA, place: url });
      expect(checked.undecided).toBe(608);
      expect([...(await review.decisions()).values()]).toEqual([
        expect.objectContaining({ id: 'id 3', label: 'good, better', purpose: 'fix', reviewer: 'eva' }),
        expect.objectContaining({ id: 'id 605', label: 'bad', purpose: 'fix', reviewer: 'eva' }),
      ]);
    } finally {
      server.close();
    }
  });

  it('leaves no half of a dataset behind', async () => {
    const server = await startArgilla();
    try {
      const review = await reviewOf(store, ['a']);
      const handout = { purpose: 'fix' as const, rows: await rowsToFix(review, 1), labels: LABELS, guideline: '' };
      server.answer(`POST /api/v1/datasets/${DATASET}/records/bulk`, () => 500);
      const target = { url: server.url, key: 'the-key', name: 'run', workspace: 'one' };
      await expect(pushToArgilla(handout, target)).rejects.toMatchObject({ name: 'ReviewToolError', status: 500 });
      expect(server.calls.at(-1)).toMatchObject({ method: 'DELETE', path: `/api/v1/datasets/${DATASET}` });
      await expect(pushToArgilla(handout, { ...target, key: 'another' })).rejects.toMatchObject({ status: 401 });
    } finally {
      server.close();
    }
  });
});

describe("Argilla's files", () => {
  it("come back with responses by user, and are refused whole by path where they can't be", async () => {
    const review = await reviewOf(store, ['a', 'b', 'c']);
    const out = join(folder, 'dataset');
    const handout = { purpose: 'fix' as const, rows: await rowsToFix(review, 3), labels: LABELS, guideline: '' };
    await writeReviewFile(out, 'argilla', handout);
    const path = join(out, 'records.json');
    const records = JSON.parse(readFileSync(path, 'utf8'));
    expect(records[0]).toMatchObject({
      id: 'id 0',
      fields: { text: 'a' },
      suggestions: { decision: { value: 'bad', score: 0, agent: 'votes' } },
    });
    records[0].responses = { decision: [{ value: 'good, better', user_id: 'u1' }] };
    records[1].responses = { decision: [{ value: 'awful', user_id: 'u1' }] };
    records[2].fields.text = 'changed';
    writeFileSync(path, JSON.stringify(records));
    const options = { ...ANA, path: out, format: 'argilla' as const };
    await expect(importFile(review, options)).rejects.toMatchObject({
      problems: [
        '[1].responses.decision[0] is none of the labels: "awful"',
        '[2].fields.text is not the text that was exported',
      ],
    });
    records[1].responses = {};
    records[2].fields.text = 'c';
    writeFileSync(path, JSON.stringify(records));
    expect(await importFile(review, options)).toMatchObject({ undecided: 2 });
    expect((await review.decisions()).get('key-0')).toMatchObject({ reviewer: 'argilla user u1', purpose: 'fix' });
  });

  it('of an audit hide the label', async () => {
    const review = await reviewOf(store, ['a', 'b']);
    const { rows } = await rowsToAudit(review, { count: 2, reviewer: 'ana', at: AT });
    const out = join(folder, 'audit');
    await writeReviewFile(out, 'argilla', { purpose: 'audit', rows, labels: LABELS, guideline: '' });
    const [record] = JSON.parse(readFileSync(join(out, 'records.json'), 'utf8'));
    expect(record).toMatchObject({ fields: { text: rows[0]!.text }, metadata: {}, suggestions: {} });
    expect(Object.keys(record.fields)).toEqual(['text']);
  });
});
