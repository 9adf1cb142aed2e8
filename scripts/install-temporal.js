/** Finds the Temporal CLI, or downloads or builds it, and prints its path: for images and machines prepared beforehand. */
import { findServerBinary } from '../dist/temporal/index.js';

try {
  const { path } = await findServerBinary({
    env: process.env,
    install: true,
    onProgress: (line) => console.error(line),
  });
  console.log(path);
} catch (error) {
  console.error(`${error.message}\n${error.mend ?? ''}`);
  process.exitCode = 1;
}
