/** A Python with the packages that a benchmark compares itself with, in a folder of the user's cache: installed at the first
 *  use, by pip, and never by npm test. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Path of the interpreter. Throws where there is no python3, or a package can't be had. */
export function peerPython(name, packages) {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tutelage', 'peers', name);
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'packages.txt');
  const wanted = packages.join('\n');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  mkdirSync(folder, { recursive: true });
  console.error(`installing ${packages.join(', ')} into ${folder} (some minutes, once)`);
  if (!existsSync(python)) run('python3', ['-m', 'venv', folder]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
  writeFileSync(stamp, wanted);
  return python;
}

/** A Python script that answers JSON objects, a line each. It is suspended while it is not asked: threads of PyTorch that wait for
 *  work keep a core busy. */
export class PeerProcess {
  constructor(python, script) {
    this.child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async ask(request) {
    this.child.kill('SIGCONT');
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    const { done, value } = await this.lines.next();
    if (done) throw new Error('the Python process ended');
    this.child.kill('SIGSTOP');
    return JSON.parse(value);
  }

  stop() {
    this.child.kill('SIGCONT');
    this.child.stdin.end();
  }
}

function run(program, args) {
  const { error, status } = spawnSync(program, args, { stdio: ['ignore', process.stderr, process.stderr] });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.slice(0, 3).join(' ')} ended with code ${status}`);
}
