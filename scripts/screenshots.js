/** npm run screenshots: pictures of the review page in all its views, and of the board, from a run of the demo's texts, and of the
 *  demo itself. They go to .tutelage/screenshots; those that docs/images holds are replaced there, too. Needs Chromium. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from './build.js';
import { ensureInstalled } from './ensure-installed.js';
import { findChromium } from './find-chromium.js';
import { step } from './step.js';
import { terminalPage } from './terminal-picture.js';

const RUN = 'financial-news-2026';
const FIXED = 17;
const AUDITED = 60;
const DESKTOP = { viewport: { width: 1180, height: 820 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
/** Its first line is the command that people type. */
const DEMO = '$ npm run demo\n';
const SHOWN_HOME = '/home/ana';
const BOARD = { viewport: { width: 1700, height: 1250 } };
const TERMINAL = { viewport: { width: 1600, height: 900 } };
const WAITING_MS = 300;
/** For the pictures of a machine that is busy. */
const PATIENCE_MS = 120_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const launcher = join(root, 'bin', 'tutelage.js');
const demo = join(root, 'examples', 'demo');
const pictures = join(root, '.tutelage', 'screenshots');
const docs = join(root, 'docs', 'images');
const folder = mkdtempSync(join(tmpdir(), 'tutelage-screenshots-'));
/** What the demo's author says of each text: decided by it, the figures look as they do in earnest. */
const truth = new Map(
  readFileSync(join(demo, 'corpus.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ id, reference }) => [id, reference]),
);
const children = [];
let browser;

try {
  await step('install', () => (ensureInstalled() ? 'npm ci' : 'up to date'));
  await step('build', async () => ((await build()) ? 'built' : 'up to date'));
  await step('run', () => startRun());
  await step('pictures', () => takePictures());
  tutelage('down');
  await step('demo', () => pictureDemo());
  for (const name of readdirSync(pictures)) {
    if (existsSync(join(docs, name))) copyFileSync(join(pictures, name), join(docs, name));
  }
} catch (error) {
  console.error(`screenshots: ${error.stack}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
  tutelage('down');
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function startRun() {
  const replies = ['--replies', join(demo, 'replies.jsonl'), '--latency', '20'];
  const teacher = start('teacher', ...replies);
  const [line] = await once(createInterface({ input: teacher.stdout }), 'line');
  // Beside the run: the board shows where the corpus is.
  for (const name of ['corpus.jsonl', 'gold.jsonl']) copyFileSync(join(demo, name), join(folder, name));
  const from = ['--corpus', 'corpus.jsonl', '--gold', 'gold.jsonl'];
  const { url } = JSON.parse(line);
  start('distill', 'financial-sentiment', ...from, '--teacher-url', url, '--id', RUN, '--yes').stdout.resume();
  for (;;) {
    const { status, stdout } = tutelage('watch', RUN, '--once', '--json');
    if (status === 0 && JSON.parse(stdout).waitingFor?.gate === 'labels') return RUN;
    await sleep(WAITING_MS);
  }
}

async function takePictures() {
  const { chromium } = await import('playwright-core');
  const executablePath = findChromium({ env: process.env, install: true, onProgress: console.error });
  if (executablePath === null) throw new Error('there is no Chromium: set CHROMIUM_PATH');
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  rmSync(pictures, { recursive: true, force: true });
  mkdirSync(pictures, { recursive: true });
  const ana = await reviewer('ana');
  await onReview(ana);
  await onDifferences(ana, await reviewer('ben'));
  await onAudit(ana);
  await onSecondOpinion(await reviewer('ben'));
  for (const [view, shown] of [
    ['summary', '.line-chart'],
    ['gate', '.checks'],
    ['table', '.results table'],
  ]) {
    await open(ana, view, shown);
    await picture(ana, `review-${view}`, { fullPage: view !== 'table' });
  }
  await ana.goto(new URL('/', ana.url()).href);
  await ana.locator('.runs').waitFor();
  await picture(ana, 'review-runs');
  const dark = await reviewer('ana', { ...DESKTOP, colorScheme: 'dark' });
  await picture(dark, 'review-dark');
  await onPhone();
  await onBoard();
  return pictures;
}

async function onReview(page) {
  for (let decided = 0; decided < FIXED; decided++) await decideRightly(page);
  await page.locator('.strip', { hasText: `${FIXED} of the` }).waitFor();
  await picture(page, 'review-page');
  await page.keyboard.press('?');
  await picture(page, 'review-keys');
  await page.keyboard.press('Escape');
}

/** Two reviewers on one text, and what they differ on. */
async function onDifferences(ana, ben) {
  const key = await ana.evaluate(
    `fetch('/api/runs/${RUN}/rows?state=decided').then((answer) => answer.json()).then(({ rows }) => rows[1].key)`,
  );
  for (const page of [ana, ben]) await open(page, `fix/${key}`, 'article');
  const chosen = ana.locator('.label[aria-pressed=false] kbd');
  const [first, second] = await chosen.allTextContents();
  await ana.keyboard.press(first);
  await ana.locator('.last', { hasText: 'the teacher' }).waitFor();
  await ben.keyboard.press(second);
  await ben.locator('dialog').waitFor();
  await picture(ben, 'review-conflict');
  await ben.locator('dialog button.primary').click();
  await ben.locator('.opinions').waitFor();
  await open(ben, 'differing', 'article');
  await picture(ben, 'review-differing');
}

/** Another reviewer's opinion on what was audited. */
async function onSecondOpinion(page) {
  await open(page, 'again', 'article');
  await picture(page, 'review-again');
}

async function onAudit(page) {
  await open(page, 'audit', '.end');
  await picture(page, 'review-audit-before');
  await page.getByRole('button', { name: 'Draw the audit' }).click();
  for (let decided = 0; decided < AUDITED; decided++) await decideRightly(page);
  await page.locator('.strip', { hasText: `${AUDITED} texts audited` }).waitFor();
  await picture(page, 'review-audit');
}

/** What it writes to a terminal. */
async function pictureDemo() {
  const home = join(folder, 'demo');
  mkdirSync(home);
  const child = spawn(process.execPath, [launcher, 'demo'], {
    cwd: home,
    env: { ...process.env, FORCE_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = DEMO;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  spawnSync(process.execPath, [launcher, 'down'], { cwd: home });
  if (code !== 0) throw new Error(`the demo ended with ${code}:\n${output}`);
  const page = await newPage(TERMINAL);
  await page.setContent(terminalPage(output.replaceAll(home, SHOWN_HOME).replaceAll(homedir(), SHOWN_HOME)));
  await page.locator('pre').screenshot({ path: join(pictures, 'demo.png') });
}

async function onPhone() {
  const page = await reviewer('cleo', PHONE);
  await picture(page, 'review-phone');
  for (const [view, shown] of [
    ['summary', '.line-chart'],
    ['table', '.results table'],
    ['gate', '.checks'],
  ]) {
    await open(page, view, shown);
    await picture(page, `review-phone-${view}`);
  }
}

async function onBoard() {
  const { uiAddress } = JSON.parse(readFileSync(join(folder, '.tutelage', 'up.json'), 'utf8'));
  const page = await newPage(BOARD);
  await page.goto(`${uiAddress}/namespaces/default/workflows/${RUN}`);
  await page.getByText('User Metadata').first().click();
  // The UI draws Markdown in frames.
  await page.getByText('Current Details').first().waitFor();
  const end = Date.now() + PATIENCE_MS;
  // The page's server tells the board now and then how far people are.
  while (!(await isIn(page, `${AUDITED} audited`))) {
    if (Date.now() > end) throw new Error('the UI shows no board, or not what was reviewed');
    await sleep(WAITING_MS);
    await page.keyboard.press('r');
  }
  await picture(page, 'board');
}

/** The page as one reviewer's link opens it. */
async function reviewer(name, options = DESKTOP) {
  const { stdout } = tutelage('review', RUN, '--as', name);
  const page = await newPage(options);
  await page.goto(/http\S+/.exec(stdout)[0]);
  await page.locator('article').waitFor();
  return page;
}

async function isIn(page, text) {
  const counts = page.frames().map((frame) => frame.getByText(text).count());
  return (await Promise.all(counts)).some((count) => count > 0);
}

async function newPage(options) {
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  return page;
}

async function open(page, view, shown) {
  await page.goto(new URL(`/runs/${RUN}/${view}`, page.url()).href);
  await page.locator(shown).first().waitFor();
}

/** The label that the author gave; what comes next stands there at once. */
async function decideRightly(page) {
  const article = page.locator('article');
  const id = (await article.getAttribute('aria-label')).replace('Text ', '');
  const names = await page.locator('.label .name').allTextContents();
  await page.keyboard.press(String(1 + names.indexOf(truth.get(id))));
  await page.locator(`article:not([aria-label="Text ${id}"])`).waitFor();
}

async function picture(page, name, options = {}) {
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(pictures, `${name}.png`), ...options });
}

function start(...args) {
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  return child;
}

function tutelage(...args) {
  return spawnSync(process.execPath, [launcher, ...args], { cwd: folder, encoding: 'utf8' });
}
