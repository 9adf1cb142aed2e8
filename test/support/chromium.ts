/** For tests of the review page: a real Chromium, one for a test file, without a network beyond this machine. */
import { readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const { findChromium } = jest.requireActual<{ findChromium(options: object): string | null }>(
  '../../scripts/find-chromium.js',
);
export const chromiumPath: string | null = findChromium({ env: process.env, install: false, onProgress: () => {} });

/** Tests that need it; where there is none they are skipped, and say so. */
export const withChromium = chromiumPath === null ? describe.skip : describe;
if (chromiumPath === null) console.warn('no Chromium is found (CHROMIUM_PATH, PATH): these tests are skipped');

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

let browser: Promise<Browser> | null = null;
afterAll(async () => (await browser)?.close());

/** A window with cookies and storage of its own. */
export async function newWindow(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
  browser ??= chromium.launch({ executablePath: chromiumPath ?? '', args: ARGUMENTS });
  return (await browser).newContext({ viewport: { width: 1180, height: 820 }, ...options });
}

/** What axe-core finds serious or critical on the page, in words. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const results = (await page.evaluate('axe.run()')) as AxeResults;
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ help, id, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
}
