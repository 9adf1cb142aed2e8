import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GateDecision } from '../../../src/contracts/index.js';
import { GateDoorError, signToken } from '../../../src/review/index.js';
import type { PageRow, QueueAnswer } from '../../../src/review/page/page-api.js';
import { createPageApp, type PageApp } from '../../../src/review/page/page-app.js';
import { openStore, type Store, workflowFolder } from '../../../src/store/index.js';
import { HOSTILE, LABELS, reviewOf, reviewRow } from '../review-of.js';

const SECRET = 'a secret of this test';
const HOST = 'review.example.com:7400';
const NOW = new Date('2026-02-01T00:00:00Z');
const RUN = 'run/1';

let folder: string;
let store: Store;
let app: PageApp;
const decided: GateDecision[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tutelage-page-'));
  store = await openStore(join(folder, 'store'));
  const clientFolder = join(folder, 'client');
  mkdirSync(clientFolder);
  for (const name of ['page.js', 'page.css', 'icon.svg']) writeFileSync(join(clientFolder, name), `${name};`);
  const review = `${workflowFolder(RUN)}/first/review`;
  const lines = HOSTILE.map((text, index) => `${JSON.stringify(reviewRow(index, text))}\n`);
  const rows = await store.write(`${review}/queue.jsonl`, lines.join(''));
  const about = { workflowId: RUN, task: 'goodness', rows, texts: HOSTILE.length, labels: LABELS };
  const queue = { ...about, guideline: null, seed: 1, confidence: 0.95, rankedAt: NOW.toISOString() };
  await store.write(`${review}/queue.json`, JSON.stringify(queue));
  app = createPageApp({
    store,
    secret: SECRET,
    now: () => NOW,
    clientFolder,
    door: {
      openRuns: () => Promise.reject(new GateDoorError('no server')),
      progress: () => Promise.reject(new GateDoorError('no server')),
      reviewsWaiting: () => Promise.reject(new GateDoorError('no server')),
      tellOfReview: () => Promise.reject(new GateDoorError('no server')),
      decide: async (_, decision) => {
        decided.push(decision);
        const { decision: what, note, reviewer, corrections } = decision;
        return { decision: what, note, reviewer, corrections, automatic: false, at: NOW.toISOString(), checks: [] };
      },
    },
  });
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const token = (secret = SECRET, at = NOW) => signToken('ana', secret, at);
const run = `/api/runs/${encodeURIComponent(RUN)}`;

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers({ Host: HOST, ...(init.headers as Record<string, string>) });
  return app.fetch(new Request(`http://${HOST}${path}`, { ...init, headers }));
}

const withToken = (more: Record<string, string> = {}) => ({ Cookie: `tutelage-review7400=${token()}`, ...more });

function write(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const own = { Origin: `http://${HOST}`, 'Content-Type': 'application/json' };
  return ask(path, { method: 'POST', body: JSON.stringify(body), headers: withToken({ ...own, ...headers }) });
}

describe('access', () => {
  it.each(['/', '/runs/run%2F1', '/api/runs', run, `${run}/rows`])('to %s needs a token', async (path) => {
    const response = await ask(path);
    expect(response.status).toBe(401);
    const said = await response.text();
    expect(said).toMatch(path.startsWith('/api') ? 'your link is not good any more' : 'tutelage review --as YOUR-NAME');
  });

  it('comes with the link, whose token goes into a cookie that scripts do not see, and out of the address', async () => {
    const response = await ask(`/enter?token=${token()}&run=${encodeURIComponent(RUN)}`);
    expect([response.status, response.headers.get('Location')]).toEqual([303, '/runs/run%2F1']);
    expect(response.headers.get('Set-Cookie')).toBe(
      `tutelage-review7400=${token()}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax`,
    );
    expect((await ask('/', { headers: withToken() })).status).toBe(200);
  });

  it.each([
    ['of another secret', token('another secret of this test')],
    ['that is too old', token(SECRET, new Date('2026-01-01T00:00:00Z'))],
    [
      'of another name',
      `${Buffer.from('{"reviewer":"ben","until":9e15}').toString('base64url')}.${token().split('.')[1]}`,
    ],
    ['that is none', 'a.b.c'],
    ['that is empty', ''],
  ])('is refused to a token %s', async (_, bad) => {
    expect((await ask(`/enter?token=${bad}`)).status).toBe(401);
    expect((await ask('/api/runs', { headers: { Authorization: `Bearer ${bad}` } })).status).toBe(401);
  });

  it('leads nowhere else', async () => {
    const response = await ask(`/enter?token=${token()}&run=${encodeURIComponent('/evil.example.com')}`);
    expect(response.headers.get('Location')).toBe('/runs/%2Fevil.example.com');
  });
});

describe('a write', () => {
  const body = { key: 'key-0', label: 'bad', sample: 'fix', version: 0 };

  it.each([
    ['from another site', { Origin: 'https://evil.example.com' }],
    ['from a page without origin', { Origin: 'null' }],
    ['that the browser calls cross-site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['as a form would send it', { 'Content-Type': 'text/plain' }],
  ])('%s is refused', async (_, headers) => {
    expect((await write(`${run}/decide`, body, headers)).status).toBe(403);
  });

  it('of the page is taken, and one that somebody was faster with is answered by 409 and the row', async () => {
    const written = await write(`${run}/decide`, body);
    expect(written.status).toBe(200);
    expect(await written.json()).toMatchObject({ row: { version: 1 }, overview: { fix: { decided: 1 } } });
    const late = await write(`${run}/decide`, { ...body, label: 'good, better' });
    expect([late.status, await late.json()]).toMatchObject([409, { row: { decision: { label: 'bad' } } }]);
  });

  it('that is too long, or not as it should be, is refused in words', async () => {
    expect((await write(`${run}/decide`, { ...body, label: 'x'.repeat(70_000) })).status).toBe(413);
    const wrong = await write(`${run}/decide`, { ...body, version: -1 });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { problem: expect.stringContaining('version') }]);
    expect((await write('/api/runs/another/decide', body)).status).toBe(404);
  });

  it('at the gate carries the reviewer, and the decisions as corrections where labels are approved', async () => {
    const approve = { gate: 'labels', decision: 'approve', note: '', decisionId: '1' };
    expect(await (await write(`${run}/gate`, approve)).json()).toMatchObject({ decision: 'approve', reviewer: 'ana' });
    const { corrections } = decided.at(-1)!;
    const file = Buffer.from(await store.read(corrections!.replace('store:', ''))).toString('utf8');
    expect(JSON.parse(file)).toEqual({ id: 'id 0', label: 'bad', reviewer: 'ana' });
    await write(`${run}/gate`, { ...approve, decision: 'reject', decisionId: '2' });
    expect(decided.at(-1)).toMatchObject({ decision: 'reject', corrections: null, reviewer: 'ana', decisionId: '2' });
  });
});

describe('every answer', () => {
  it.each(['/', '/api/runs', '/client/x/page.js', '/client/x/none.js', '/enter?token='])(
    'of %s forbids scripts of others, frames, sniffing and telling the address',
    async (path) => {
      const { headers } = await ask(path, { headers: withToken() });
      const policy = headers.get('Content-Security-Policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
    },
  );

  it('of the document holds no script of its own, and nothing of the texts', async () => {
    const document = await (await ask('/runs/run%2F1', { headers: withToken() })).text();
    expect(document).not.toMatch(/<script[^>]*>[^<]/);
    expect(document).not.toContain('alert(1)');
  });
});

describe('the document', () => {
  const addressesIn = (document: string) => [...document.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, at]) => at!);

  it('names the code and the style under addresses that change with them, and that browsers may keep', async () => {
    const document = await (await ask('/runs/run%2F1', { headers: withToken() })).text();
    const assets = addressesIn(document).filter((address) => address.startsWith('/client/'));
    expect(assets.map((address) => address.replace(/[0-9a-f]{16}/, 'VERSION'))).toEqual([
      '/client/VERSION/page.css',
      '/client/VERSION/page.js',
      '/client/VERSION/icon.svg',
    ]);
    const response = await ask(assets[1]!, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(response.headers.get('Cache-Control')).toBe('private, max-age=31536000, immutable');
    expect(response.headers.get('Content-Encoding')).toBe('gzip');
    expect(await (await ask(assets[1]!)).text()).toBe('page.js;');
    expect((await ask('/client/0123456789abcdef/page.js')).status).toBe(404);
  });

  it.each([
    ['/', ['/runs']],
    ['/runs/run%2F1', ['/runs/run%2F1', '/runs/run%2F1/queues/fix?after=0']],
    ['/runs/run%2F1/audit', ['/runs/run%2F1', '/runs/run%2F1/queues/audit?after=0']],
    ['/runs/run%2F1/fix/key-9', ['/runs/run%2F1', '/runs/run%2F1/rows/key-9']],
    ['/runs/run%2F1/summary', ['/runs/run%2F1', '/runs/run%2F1/summary']],
    ['/runs/a%22%3E%26%ff/table', ['/runs/a%2522%253E%2526%25ff']],
  ])('of %s names what the code will ask for first', async (path, requests) => {
    const document = await (await ask(path, { headers: withToken() })).text();
    const preloaded = addressesIn(document).filter((address) => address.startsWith('/api/'));
    expect(preloaded).toEqual(requests.map((address) => `/api${address}`));
  });
});

it('the first texts arrive before all are read, and what needs all of them waits', async () => {
  const slow = await openStore(join(folder, 'slow'));
  let goOn = () => {};
  const readOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const lines = slow.lines.bind(slow);
  slow.lines = async function* (path) {
    let line = 0;
    for await (const text of lines(path)) {
      if (path.endsWith('queue.jsonl') && line++ === 300) await readOn;
      yield text;
    }
  };
  const review = await reviewOf(
    slow,
    Array.from({ length: 400 }, (_, index) => `text ${index}`),
  );
  const decision = { key: 'key-350', id: 'id 350', label: 'good, better', purpose: 'fix' as const, reviewer: 'ben' };
  await review.addDecisions([{ ...decision, at: '2026' }], NOW);
  const none = () => Promise.reject(new GateDoorError('no server'));
  const door = { openRuns: none, progress: none, decide: none, reviewsWaiting: none, tellOfReview: none };
  const busy = createPageApp({
    store: slow,
    secret: SECRET,
    now: () => NOW,
    clientFolder: join(folder, 'client'),
    door,
  });
  const get = async (path: string) => {
    const answer = await busy.fetch(
      new Request(`http://${HOST}/api/runs/test${path}`, { headers: withToken({ Host: HOST }) }),
    );
    return answer.json();
  };
  expect(await get('')).toMatchObject({ reading: true, texts: 400, shown: 400, fix: { decided: 1, changed: 0 } });
  const first = (await get('/queues/fix?after=0')) as QueueAnswer;
  expect(first.rows.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => `id ${index}`));
  const behind = ['/queues/fix?after=199', '/queues/differing', '/rows?state=changed'].map(get);
  const waits = await Promise.race([...behind, get('').then(() => 'none of them')]);
  expect(waits).toBe('none of them');
  goOn();
  const [rest, differing, changed] = await Promise.all(behind);
  expect(rest).toMatchObject({ rows: [{ id: 'id 199' }, ...Array(19).fill({})], next: 219 });
  expect(differing).toMatchObject({ rows: [] });
  expect(changed).toMatchObject({ total: 1 });
  expect(await get('')).toMatchObject({ reading: false, shown: 400, fix: { decided: 1, changed: 1 } });
  await busy.close();
});

it('texts that wait arrive as they are, but for those that are very long', async () => {
  const listed = await ask(`${run}/queues/fix?after=0`, { headers: withToken() });
  const { rows } = (await listed.json()) as QueueAnswer;
  expect(rows.map((row) => row.text)).toEqual([...HOSTILE.slice(1, 9), HOSTILE[9]!.slice(0, 20_000)]);
  const whole = await ask(`${run}/rows/key-9`, { headers: withToken() });
  expect(((await whole.json()) as PageRow).text).toBe(HOSTILE[9]);
});

it('the list of runs says why it does not know which of them wait', async () => {
  const answer = await (await ask('/api/runs', { headers: withToken() })).json();
  expect(answer).toMatchObject({ reviewer: 'ana', problem: 'no server', runs: [{ workflowId: RUN, texts: 10 }] });
});
