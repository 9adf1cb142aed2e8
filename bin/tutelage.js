#!/usr/bin/env node
/** The command `tutelage`: starts the built command line, or says how to build it. */
import { existsSync } from 'node:fs';

const main = new URL('../dist/app/main.mjs', import.meta.url);
if (existsSync(main)) {
  // A pipe or a file gets no colours, in CI neither, unless they are asked for.
  if (!process.stdout.isTTY && !process.env.FORCE_COLOR) process.env.NO_COLOR = '1';
  await import(main.href);
} else {
  console.error('tutelage: it is not built yet. Run: npm ci && npm run build');
  process.exitCode = 1;
}
