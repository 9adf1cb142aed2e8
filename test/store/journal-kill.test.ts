/** A journal outlives its process: a child appends lines as fast as it can and is killed at random moments. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const KILLS = 25;
const storeModule = pathToFileURL(join(__dirname, '../../dist/store/index.js')).href;

/** Acknowledged lines are told on stdout, synchronously, so that the pipe has them before the process can die.
 *  Lines have their number at both ends and up to 20,000 characters between. */
const PROGRAM = `
  import { writeSync } from 'node:fs';
  import { openFileStore } from '${storeModule}';
  const journal = await (await openFileStore(process.argv[2])).journal('journal');
  let next = 0;
  for (;;) {
    const burst = 1 + Math.floor(Math.random() * 50);
    await Promise.all(Array.from({ length: burst }, async () => {
      const number = next++;
      await journal.append(number + 'x'.repeat(Math.random() * 20000) + number);
      writeSync(1, number + '\\n');
    }));
  }`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutelage-kill-'));
  writeFileSync(join(folder, 'append.mjs'), PROGRAM);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it(`keeps every acknowledged line and tears at most the last one, over ${KILLS} kills`, async () => {
  const seed = Number(process.env.TUTELAGE_SEED ?? Date.now() % 100_000);
  console.log(`seed ${seed} (repeat with TUTELAGE_SEED=${seed})`);
  const random = seeded(seed);
  let lines = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const store = join(folder, `store-${kill}`);
    const acknowledged = await appendUntilKilled(store, 1 + random() * 60);
    const content = readFileSync(join(store, 'journal'), 'utf8');
    const whole = content.split('\n').slice(0, -1);
    whole.forEach((line, number) => {
      if (!new RegExp(`^${number}x*${number}$`).test(line)) throw new Error(`line ${number} of kill ${kill} is torn`);
    });
    expect(whole.length).toBeGreaterThan(Math.max(...acknowledged));
    lines += acknowledged.length;
  }
  console.log(`${lines} acknowledged lines`);
  expect(lines).toBeGreaterThan(KILLS);
});

/** Numbers of the acknowledged lines. The child is killed so long after its first one. */
async function appendUntilKilled(store: string, afterMs: number): Promise<number[]> {
  const child = spawn(process.execPath, [join(folder, 'append.mjs'), store], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pieces: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece));
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  setTimeout(() => child.kill('SIGKILL'), afterMs);
  const [code, signal] = await closed;
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself with ${code}`);
  return pieces.join('').split('\n').slice(0, -1).map(Number);
}

/** A linear congruential generator (Numerical Recipes), 0 to 1. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
