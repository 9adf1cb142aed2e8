/** A reviewer at the page, in a real Chromium on a real run: by keys alone, against another one, through a killed server. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { type HttpServer, listen } from '../../src/cli/http-server.js';
import type { Progress } from '../../src/contracts/index.js';
import { GateDoorError, type PageApp, signToken } from '../../src/review/index.js';
import { createPageApp } from '../../src/review/page/page-app.js';
import { openStore } from '../../src/store/index.js';
import { newFolder, type TutelageProcess } from '../cli/tutelage-process.js';
import { reviewOf } from '../review/review-of.js';
import { accessibilityProblems, newWindow, withChromium } from '../support/chromium.js';
import { demoFiles, demoReplies } from '../support/demo-data.js';
import { hostileIds, hostileTexts } from '../support/hostile-rows.js';
import { startTutelage, startUp, tutelage } from '../support/local-run.js';
import { startTeacher } from '../support/replay-teacher.js';

const RUN = 'news 1';
const ROWS = 60;
const FIRST_VIEW_BYTES = 200_000;
/** Of the hostile rows. */
const SEED = Number(process.env.TUTELAGE_SEED ?? 673_653);
/** The document and all that it fetched; bytes with headers. */
const FETCHED = `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .map(({ name, transferSize }) => ({ address: new URL(name).pathname, bytes: transferSize }))`;

withChromium('the review page', () => {
  const folder = newFolder();
  let server: TutelageProcess;
  let link: URL;
  let ana: Page;

  beforeAll(async () => {
    const [, teacher] = await Promise.all([startUp(folder), startTeacher({ replies: demoReplies, latencyMs: 2 })]);
    const files = demoFiles(folder, { rows: ROWS, gold: 20 });
    const from = ['--corpus', files.corpus, '--gold', files.gold, '--teacher-url', teacher.url];
    await startTutelage(['distill', 'financial-sentiment', ...from, '--id', RUN, '--yes'], { cwd: folder });
    await waitingAt('labels');
    await startServer('0');
    ana = await pageOf(await newWindow(), link);
  }, 120_000);

  it('opens in under 200 KB, fetches nothing twice, and keeps the token out of the address', async () => {
    const window = await newWindow();
    const page = await pageOf(window, link);
    const { addresses, bytes } = await fetchedBy(page);
    expect(bytes).toBeLessThan(FIRST_VIEW_BYTES);
    expect(bytes).toBeGreaterThan(10_000);
    expect(addresses).toContain(`/api/runs/${encodeURIComponent(RUN)}/queues/fix`);
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(page.url()).not.toContain('token');
    await window.close();
  });

  it('takes 50 decisions by keys alone, undo among them, through a server that is killed', async () => {
    await ana.keyboard.press('1');
    await ana.locator('.last', { hasText: 'the teacher' }).waitFor();
    await ana.keyboard.press('u');
    await ana.locator('.last', { hasText: 'Taken back' }).waitFor();
    for (let decided = 0; decided < 50; decided++) {
      const text = (await ana.locator('article .text').textContent()) as string;
      if (decided === 20) await killServer();
      await ana.keyboard.press(`${1 + (decided % 3)}`);
      // The next text stands there before the server has answered.
      await ana.locator('article .text', { hasNotText: text }).waitFor();
      if (decided === 23) {
        await ana.locator('.waiting', { hasText: 'Not saved yet: the server does not answer' }).waitFor();
        await startServer(link.port);
      }
    }
    await ana.locator('.strip', { hasText: '50 decided, more than the 6 suggested' }).waitFor();
    expect(await accessibilityProblems(ana)).toEqual([]);
    expect(standing()).toHaveLength(50);
    expect(
      standing()
        .map(({ label }) => label)
        .slice(0, 4),
    ).toEqual(['negative', 'neutral', 'positive', 'negative']);
    expect(new Set(standing().map(({ reviewer }) => reviewer))).toEqual(new Set(['ana']));
  }, 60_000);

  it('keeps what was decided while the server was away, in a tab that was closed, and sends it when the page is opened again', async () => {
    await killServer();
    await ana.keyboard.press('1');
    await ana.locator('.waiting', { hasText: '1 decision waits in this browser' }).waitFor();
    const window = ana.context();
    await ana.close();
    await startServer(link.port);
    ana = await pageOf(window, link);
    await ana.locator('.strip', { hasText: '51 decided' }).waitFor();
    expect(standing()).toHaveLength(51);
    expect(standing().at(-1)).toMatchObject({ label: 'negative', reviewer: 'ana' });
  });

  it('shows the second of two reviewers on one row what the first one decided, lets them choose, and a third one settle it', async () => {
    const row = new URL(`/runs/${encodeURIComponent(RUN)}/fix/${standing()[0]!.key}`, link).href;
    const ben = await (await newWindow()).newPage();
    await ben.goto(await linkOf('ben'));
    for (const page of [ana, ben]) {
      await page.goto(row);
      await page.locator('article').waitFor();
    }
    await ana.keyboard.press('2');
    await ana.locator('.last', { hasText: 'the teacher' }).waitFor();
    await ben.keyboard.press('3');
    const dialog = ben.locator('dialog');
    await dialog.getByText('ana decided neutral').waitFor();
    expect(standing().at(-1)).toMatchObject({ label: 'neutral', reviewer: 'ana' });
    expect(await accessibilityProblems(ben)).toEqual([]);
    await dialog.getByRole('button', { name: 'Decide positive' }).click();
    await ben.locator('.opinions', { hasText: 'People differ' }).waitFor();
    expect(standing().at(-1)).toMatchObject({ label: 'positive', reviewer: 'ben' });
    const cleo = await (await newWindow()).newPage();
    await cleo.goto(await linkOf('cleo'));
    await cleo.getByRole('link', { name: /People differ/ }).click();
    await cleo.locator('.opinions', { hasText: 'ana' }).waitFor();
    expect(await accessibilityProblems(cleo)).toEqual([]);
    await cleo.keyboard.press('1');
    await cleo.locator('.strip', { hasText: '0 texts wait' }).waitFor();
    expect(standing().at(-1)).toMatchObject({ label: 'negative', reviewer: 'cleo', adjudicates: true });
  });

  it("hides the teacher's label in the audit, has no view with serious accessibility problems, and approves", async () => {
    const view = (name: string) => new URL(`/runs/${encodeURIComponent(RUN)}/${name}`, link).href;
    await ana.goto(view('audit'));
    await ana.getByRole('button', { name: 'Draw the audit' }).click();
    await ana.locator('article').waitFor();
    expect(await ana.locator('.votes, .teachers, .why').count()).toBe(0);
    expect(await accessibilityProblems(ana)).toEqual([]);
    await ana.keyboard.press('2');
    await ana.locator('.strip', { hasText: 'of the labels are wrong' }).waitFor();
    const ben = await (await newWindow()).newPage();
    await ben.goto(await linkOf('ben'));
    await ben.getByRole('link', { name: /Second opinion/ }).click();
    await ben.locator('.strip', { hasText: '1 text of the audit that others have decided' }).waitFor();
    expect(await ben.locator('.votes, .why, .opinions, .badge').count()).toBe(0);
    expect(await accessibilityProblems(ben)).toEqual([]);
    await ben.keyboard.press('2');
    await ben.locator('.last', { hasText: 'the teacher' }).waitFor();
    for (const [name, shown] of [
      ['table', 'table'],
      ['summary', '.line-chart'],
      ['gate', '.checks'],
    ] as const) {
      await ana.goto(view(name));
      await ana.locator(shown).first().waitFor();
      expect(await accessibilityProblems(ana)).toEqual([]);
    }
    // The board is told by the page's server, now and then.
    const shown = await waitingAt('labels', ({ waitingFor }) => waitingFor?.review?.audited === 1);
    // `up` serves the page, too: either may have told last.
    expect(shown.waitingFor?.review).toMatchObject({
      page: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/runs\/news%201$/),
      decided: 51,
      certificate: { sampled: 1 },
    });
    await ana.locator('#note').fill('Tried by a test.');
    await ana.getByRole('button', { name: 'Approve' }).click();
    await ana.locator('.outcome', { hasText: 'Gate labels: approved' }).waitFor();
    await ana.goto(new URL('/', link).href);
    await ana.locator('.runs').waitFor();
    expect(await accessibilityProblems(ana)).toEqual([]);
  }, 60_000);

  /** For another reviewer, signed with the same secret, of the server that runs. */
  async function linkOf(reviewer: string): Promise<string> {
    const { stdout } = await tutelage(['review', RUN, '--as', reviewer], { cwd: folder });
    const printed = new URL(/http\S+/.exec(stdout)![0]);
    printed.port = link.port;
    return printed.href;
  }

  async function startServer(port: string): Promise<void> {
    server = await startTutelage(['review', RUN, '--as', 'ana', '--port', port], { cwd: folder });
    await server.says(/http\S+/);
    link = new URL(/http\S+/.exec(server.output)![0]);
  }

  async function killServer(): Promise<void> {
    server.child.kill('SIGKILL');
    await server.ended;
  }

  async function waitingAt(gate: string, met: (progress: Progress) => boolean = () => true): Promise<Progress> {
    for (let attempt = 0; attempt < 120; attempt++) {
      const { code, stdout } = await tutelage(['watch', RUN, '--once', '--json'], { cwd: folder });
      const progress: Progress | null = code === 0 ? JSON.parse(stdout) : null;
      if (progress?.waitingFor?.gate === gate && met(progress)) return progress;
      await sleep(300);
    }
    throw new Error(`the run did not come to the gate ${gate}, or does not show what was waited for`);
  }

  /** Decisions in the store that count, in the order of time. */
  function standing(): { key: string; label: string; reviewer: string }[] {
    const runs = join(folder, '.tutelage', 'store', 'runs');
    const decisions = readdirSync(runs, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.page.jsonl'),
    );
    const latest = new Map<string, { key: string; label: string | null; reviewer: string; at: string }>();
    for (const path of decisions.sort()) {
      for (const line of readFileSync(join(runs, path), 'utf8').trim().split('\n')) {
        const record = JSON.parse(line);
        latest.delete(record.key);
        latest.set(record.key, record);
      }
    }
    return [...latest.values()].flatMap(({ label, ...rest }) => (label === null ? [] : [{ ...rest, label }]));
  }
});

/** Cut off, not in the middle of a character; a line's end is one. */
function shownOf(text: string): string {
  const cut = text.length > LONGEST_SHOWN ? text.slice(0, LONGEST_SHOWN).replace(/[\ud800-\udbff]$/, '') : text;
  return cut.replaceAll('\r\n', '\n');
}

/** After very many marks of what can't be seen these are named in brackets. */
function isShown(seen: string, text: string): boolean {
  const bracket = seen.indexOf('⟨');
  return bracket < 0 ? seen === text : text.startsWith(seen.slice(0, bracket));
}

async function fetchedBy(page: Page): Promise<{ addresses: string[]; bytes: number }> {
  const fetched = (await page.evaluate(FETCHED)) as { address: string; bytes: number }[];
  return {
    addresses: fetched.map(({ address }) => address),
    bytes: fetched.reduce((sum, each) => sum + each.bytes, 0),
  };
}

async function pageOf(window: BrowserContext, link: URL): Promise<Page> {
  const page = await window.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(link.href);
  await page.locator('article').waitFor();
  return page;
}

const HOSTILE_ROWS = 10_000;
/** Characters of a text that the page shows at once. */
const LONGEST_SHOWN = 20_000;
/** Of the texts, from the most doubtful on. A giant is among them. */
const ONE_BY_ONE = 60;
/** In the page: what the first text's element says, marks of what can't be seen included, and what no text may become. */
const READING = `
  const said = (element) => [...element.childNodes]
    .map((node) => node.className === 'unseen'
      ? String.fromCodePoint(Number.parseInt(node.title.slice(2), 16)).repeat(Number(node.textContent.split(' ×')[1] ?? 1))
      : node.data)
    .join('');
  const strange = () => [...document.body.querySelectorAll('script, style, iframe, img, base, meta, link, object, embed, form[action], '
    + 'a:not([href^="/"]), #app #app, [onerror], [onload], [onclick], [onfocus], [srcdoc]')].map(({ outerHTML }) => outerHTML.slice(0, 200));
  const until = async (met) => { while (!met()) await new Promise((resolve) => setTimeout(resolve, 5)); };`;
/** Skips through the texts. */
const WALK = `(async () => {${READING}
  const texts = [];
  let label = null;
  while (texts.length < ${ONE_BY_ONE}) {
    const article = () => document.querySelector('article');
    await until(() => article() !== null && article().ariaLabel !== label);
    label = article().ariaLabel;
    texts.push(said(article().querySelector('.text bdi')));
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 's', bubbles: true }));
  }
  // Halves of characters survive as JSON only.
  return JSON.stringify({ texts, strange: strange() });
})()`;
/** Turns the pages of the table. After the first ones they are built but not laid out, which takes most of the time. */
const TURN = `(async () => {${READING}
  const result = { rows: 0, most: 0, strange: [] };
  for (;;) {
    const table = document.querySelector('.results table');
    const rows = table.tBodies[0].rows.length;
    result.rows += rows;
    result.most = Math.max(result.most, rows);
    if (result.rows >= 500) document.querySelector('.results').hidden = true;
    result.strange.push(...strange());
    const after = [...document.querySelectorAll('.pages button')].at(-1);
    if (after.disabled) return result;
    after.click();
    await until(() => document.querySelector('.results table') !== table);
  }
})()`;

withChromium(`10,000 hostile rows, TUTELAGE_SEED=${SEED}`, () => {
  const texts = hostileTexts(SEED, HOSTILE_ROWS);
  const ids = hostileIds(SEED, HOSTILE_ROWS);
  const folder = newFolder();
  /** What a page of harmless texts would not do. */
  const surprises: string[] = [];
  let app: PageApp;
  let server: HttpServer;
  let page: Page;

  beforeAll(async () => {
    const store = await openStore(join(folder, 'store'));
    const textAfter = (index: number) => texts[index % HOSTILE_ROWS]!;
    await reviewOf(store, texts, (index) => ({
      id: ids[index]!,
      why: [textAfter(index + 1)],
      votes: [{ prompt: 'reasoned', sample: 0, label: 'bad', reason: textAfter(index + 2), unreadable: null }],
    }));
    const noServer = () => Promise.reject(new GateDoorError('no server'));
    app = createPageApp({
      store,
      door: {
        ...{ openRuns: noServer, progress: noServer, decide: noServer },
        ...{ reviewsWaiting: noServer, tellOfReview: noServer },
      },
      secret: 'of this test',
      clientFolder: join(__dirname, '..', '..', 'dist', 'review', 'page', 'client'),
      now: () => new Date(),
    });
    server = await listen(app, { host: '127.0.0.1', port: 0 });
    page = await (await newWindow()).newPage();
    page.on('dialog', (dialog) => surprises.push(`dialog ${dialog.message()}`));
    page.on('pageerror', ({ message }) => surprises.push(`error ${message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') surprises.push(`console ${message.text()}`);
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(server.address)) surprises.push(`request ${request.url()}`);
    });
    const query = new URLSearchParams({ token: signToken('ana', 'of this test', new Date()), run: 'test' });
    await page.goto(`${server.address}/enter?${query}`);
    await page.locator('article').waitFor();
  }, 120_000);
  afterAll(async () => {
    await server.close();
    await app.close();
  });

  it('are shown one by one to the last character, and none of them acts', async () => {
    expect((await fetchedBy(page)).bytes).toBeLessThan(FIRST_VIEW_BYTES);
    const seen: { texts: string[]; strange: string[] } = JSON.parse(await page.evaluate(WALK));
    const shown = texts.slice(0, ONE_BY_ONE).map((text) => shownOf(text));
    expect(seen.texts.map((text, index) => isShown(text, shown[index]!))).toEqual(shown.map(() => true));
    expect(seen.strange).toEqual([]);
    expect(surprises).toEqual([]);
  }, 120_000);

  it('are all in the table, 50 at a time, found by what they hold, and leave little in memory', async () => {
    await page.goto(`${server.address}/runs/test/table`);
    await page.locator('.results table').waitFor();
    expect(await page.evaluate(TURN)).toEqual({ rows: HOSTILE_ROWS, most: 50, strange: [] });
    await page.evaluate(`document.querySelector('.results').hidden = false`);
    for (const sought of ['<script>', '=hyperlink("', '\u202e', '👩‍👩‍👧']) {
      const found = texts.filter((text, index) => `${text}\n${ids[index]}`.toLowerCase().includes(sought)).length;
      await page.locator('input[name=search]').fill(sought);
      await page.locator('.results [role=status]', { hasText: `${found.toLocaleString('en')} texts.` }).waitFor();
    }
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.enable').then(() => devtools.send('Performance.getMetrics'));
    const metric = (name: string) => metrics.find((each) => each.name === name)!.value;
    expect(metric('JSHeapUsedSize')).toBeLessThan(32 * 2 ** 20);
    expect(metric('Nodes')).toBeLessThan(20_000);
    expect(surprises).toEqual([]);
  }, 120_000);
});
