import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findServerBinary } from '../../src/temporal/index.js';
import { tempFolder } from './temp-folder.js';

/** Nothing listens there: every download fails at once. */
const NO_NETWORK = { HTTPS_PROXY: 'http://127.0.0.1:9' };
const SHELL = '#!/bin/sh\n';
const TEMPORAL = `${SHELL}echo "temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)"\n`;

function writeProgram(path: string, script: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

/** A Go that "builds" by writing the program, unless its version is too old to. */
function fakeGo(version: string, goPath: string): string {
  return `${SHELL}case "$2" in
  GOPATH) echo "${goPath}" ;;
  GOVERSION) echo "${version}" ;;
  github.com/temporalio/cli/cmd/temporal@v1.5.1) printf '%s' '${TEMPORAL}' > "$GOBIN/temporal"; /bin/chmod 755 "$GOBIN/temporal" ;;
  *) exit 3 ;;
esac\n`;
}

/** Finds in a world that has only what the test puts there. */
function find(env: NodeJS.ProcessEnv, install = true) {
  const lines: string[] = [];
  const home = tempFolder();
  const promise = findServerBinary({
    env: { XDG_CACHE_HOME: home, PATH: '', ...NO_NETWORK, ...env },
    install,
    onProgress: (line) => lines.push(line),
  });
  return { lines, home, promise };
}

describe('the server binary', () => {
  it('is the one that TEMPORAL_CLI_PATH names, before the one on PATH', async () => {
    const given = writeProgram(join(tempFolder(), 'my-temporal'), TEMPORAL);
    const onPath = writeProgram(join(tempFolder(), 'temporal'), TEMPORAL);
    const { promise } = find({ TEMPORAL_CLI_PATH: given, PATH: dirname(onPath) });
    expect(await promise).toEqual({ path: given, source: 'TEMPORAL_CLI_PATH' });
  });

  it('is an error when TEMPORAL_CLI_PATH names nothing', async () => {
    await expect(find({ TEMPORAL_CLI_PATH: '/nowhere/temporal' }).promise).rejects.toThrow(
      'TEMPORAL_CLI_PATH is /nowhere/temporal, and no program is there',
    );
  });

  it('is the one on PATH, before the cache', async () => {
    const cache = tempFolder();
    writeProgram(join(cache, 'tutelage', 'temporal-cli', '1.5.1', 'temporal'), TEMPORAL);
    const onPath = writeProgram(join(tempFolder(), 'temporal'), TEMPORAL);
    const { promise } = find({ PATH: `/nowhere:${dirname(onPath)}`, XDG_CACHE_HOME: cache });
    expect(await promise).toEqual({ path: onPath, source: 'PATH' });
  });

  it('is the one in the cache, before a download', async () => {
    const cache = tempFolder();
    const cached = writeProgram(join(cache, 'tutelage', 'temporal-cli', '1.5.1', 'temporal'), TEMPORAL);
    expect(await find({ XDG_CACHE_HOME: cache }).promise).toEqual({ path: cached, source: 'cache' });
  });

  it("is the one in Go's bin folder, even where nothing may be installed", async () => {
    const goPath = tempFolder();
    const built = writeProgram(join(goPath, 'bin', 'temporal'), TEMPORAL);
    const go = writeProgram(join(tempFolder(), 'go'), fakeGo('go1.26.0', goPath));
    expect(await find({ PATH: dirname(go) }, false).promise).toEqual({ path: built, source: "Go's bin folder" });
  });

  it('is null where there is none and nothing may be installed', async () => {
    expect(await find({}, false).promise).toBeNull();
  });

  it('is built with Go into the cache when the download fails, and found there the next time', async () => {
    const go = writeProgram(join(tempFolder(), 'go'), fakeGo('go1.26.0', '/nowhere'));
    const first = find({ PATH: dirname(go) });
    const expected = join(first.home, 'tutelage', 'temporal-cli', '1.5.1', 'temporal');
    expect(await first.promise).toEqual({ path: expected, source: 'go install' });
    expect(first.lines).toEqual([
      expect.stringContaining('downloading from https://temporal.download/cli/archive/latest'),
      expect.stringContaining('the download failed'),
      expect.stringContaining('building 1.5.1 with go1.26.0'),
      expect.stringMatching(/^Temporal CLI: built in \d+\.\d s$/),
    ]);
    expect(existsSync(expected)).toBe(true);
    expect(await find({ XDG_CACHE_HOME: first.home }).promise).toEqual({ path: expected, source: 'cache' });
  });

  it('can’t be built with a Go that is too old, and the error says what to install', async () => {
    const go = writeProgram(join(tempFolder(), 'go'), fakeGo('go1.24.3', '/nowhere'));
    const error = await find({ PATH: dirname(go) }).promise.catch((reason: unknown) => reason);
    expect(String(error)).toContain('go1.24.3 is too old to build it: 1.25 is needed');
    expect(String(error)).toContain('the download failed');
    expect(error).toMatchObject({ mend: expect.stringContaining('https://docs.temporal.io/cli') });
  });
});
