/** npm run bench -- review-page [--texts N] [--starts N] [--runs N]: how long the review page takes from its link to the first
 *  text on the screen, in a real Chromium, with `tutelage review` as its server, and what it fetches for that. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { findChromium } from '../../scripts/find-chromium.js';
import { machine, median, rounded } from '../machine.js';
import { RUN, writeReview } from './review.js';

const launcher = fileURLToPath(new URL('../../bin/tutelage.js', import.meta.url));
const OPTIONS = {
  texts: { type: 'string', default: '10000' },
  starts: { type: 'string', default: '5' },
  runs: { type: 'string', default: '20' },
};
const WINDOW = { viewport: { width: 1180, height: 820 } };
/** Resolves in the frame in which the first text was drawn. */
const FIRST_TEXT = `window.firstText = new Promise((resolve) => {
  new MutationObserver((_, observer) => {
    if (document.querySelector('article .text') === null) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  }).observe(document, { childList: true, subtree: true });
})`;
const TIMINGS = `window.firstText.then((firstText) => {
  const [navigation] = performance.getEntriesByType('navigation');
  const resources = performance.getEntriesByType('resource');
  const last = (entries) => Math.max(0, ...entries.map(({ responseEnd }) => responseEnd));
  return {
    firstText,
    document: navigation.responseEnd,
    scripts: last(resources.filter(({ name }) => /\\.(js|css)$/.test(name))),
    data: last(resources.filter(({ name }) => name.includes('/api/'))),
    bytes: [navigation, ...resources].reduce((sum, { transferSize }) => sum + transferSize, 0),
    requests: 1 + resources.length,
  };
})`;

export async function bench(args) {
  const { values } = parseArgs({ args, options: OPTIONS });
  const [texts, starts, runs] = [values.texts, values.starts, values.runs].map(Number);
  const executablePath = findChromium({ env: process.env, install: true, onProgress: console.error });
  if (executablePath === null) throw new Error('needs Chromium: set CHROMIUM_PATH, or install the package chromium');
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-bench-'));
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    await writeReview(join(folder, 'store'), { texts });
    // The browser's own first page is none of the product's time.
    await (await browser.newPage()).goto('about:blank');
    const [first, fresh, used, again] = [[], [], [], []];
    for (let start = 0; start < starts; start++) {
      const server = await startServer(folder);
      try {
        first.push(await inFreshProfile(browser, server.link));
        if (start < starts - 1) continue;
        for (let run = 0; run < runs; run++) fresh.push(await inFreshProfile(browser, server.link));
        const profile = await browser.newContext(WINDOW);
        await visit(profile, server.link);
        for (let run = 0; run < runs; run++) {
          used.push(await visit(profile, server.link, { nothingCached: true }));
          again.push(await visit(profile, server.link));
        }
      } finally {
        await server.stop();
      }
    }
    const figures = {
      'first visit after the start of the server': figuresOf(first),
      'in a fresh profile': figuresOf(fresh),
      'in a profile in use, nothing cached': figuresOf(used),
      'in a profile in use, again': figuresOf(again),
    };
    console.table(figures);
    console.log(JSON.stringify({ bench: 'review-page', texts, chromium: browser.version(), ...machine(), figures }));
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
}

async function startServer(folder) {
  const child = spawn(process.execPath, [launcher, 'review', RUN, '--as', 'ana', '--port', '0'], {
    cwd: folder,
    env: { ...process.env, TUTELAGE_STORE: join(folder, 'store') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const link = /http\S+/.exec(line)?.[0];
    if (link === undefined) continue;
    const stop = async () => {
      child.kill('SIGINT');
      await once(child, 'close');
    };
    return { link, stop };
  }
  throw new Error('tutelage review has ended');
}

/** Nothing is cached, no process of the browser waits for it, and its storage is made anew. */
async function inFreshProfile(browser, link) {
  const profile = await browser.newContext(WINDOW);
  try {
    return await visit(profile, link);
  } finally {
    await profile.close();
  }
}

/** In a new tab. */
async function visit(profile, link, { nothingCached = false } = {}) {
  const page = await profile.newPage();
  if (nothingCached) await (await profile.newCDPSession(page)).send('Network.clearBrowserCache');
  await page.addInitScript(FIRST_TEXT);
  await page.goto(link);
  const timings = await page.evaluate(TIMINGS);
  await page.close();
  return timings;
}

function figuresOf(timings) {
  const of = (name) => timings.map((each) => each[name]);
  const milliseconds = (name) => rounded(median(of(name)), 0);
  return {
    runs: timings.length,
    'first text, ms': milliseconds('firstText'),
    fastest: rounded(Math.min(...of('firstText')), 0),
    slowest: rounded(Math.max(...of('firstText')), 0),
    document: milliseconds('document'),
    scripts: milliseconds('scripts'),
    data: milliseconds('data'),
    bytes: median(of('bytes')),
    requests: median(of('requests')),
  };
}
