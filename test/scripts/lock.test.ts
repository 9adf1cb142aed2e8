import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Lock {
  readonly packages: Record<string, Record<string, unknown>>;
}

const { finishLock } = jest.requireActual<{ finishLock: (lock: Lock) => Lock }>('../../scripts/lock.js');
const lock: Lock = JSON.parse(readFileSync(join(__dirname, '..', '..', 'npm-shrinkwrap.json'), 'utf8'));

describe('npm-shrinkwrap.json', () => {
  it('was finished: if not, run `node scripts/lock.js`', () => {
    expect(finishLock(lock)).toEqual(lock);
  });

  it('keeps npm from running the script that downloads CUDA libraries', () => {
    expect(lock.packages['node_modules/onnxruntime-node']).toMatchObject({ version: '1.30.0' });
    expect(lock.packages['node_modules/onnxruntime-node']).not.toHaveProperty('hasInstallScript');
  });
});

describe('finishing a lock file', () => {
  const unfinished: Lock = {
    packages: {
      '': {},
      'node_modules/a': {
        dev: true,
        optionalDependencies: { '@a/linux-x64-musl': '1.2.3', '@a/darwin-arm64': '1.2.3' },
      },
      'node_modules/a/node_modules/@a/darwin-arm64': { version: '1.2.3' },
      'node_modules/onnxruntime-node': { version: '1.30.0', hasInstallScript: true },
    },
  };

  it('adds the missing packages of other platforms, and those only', () => {
    expect(finishLock(unfinished).packages).toEqual({
      ...unfinished.packages,
      'node_modules/@a/linux-x64-musl': {
        version: '1.2.3',
        cpu: ['x64'],
        dev: true,
        libc: ['musl'],
        optional: true,
        os: ['linux'],
      },
      'node_modules/onnxruntime-node': { version: '1.30.0' },
    });
  });

  it('refuses a missing package whose platform its name does not tell', () => {
    const packages = { ...unfinished.packages, 'node_modules/b': { optionalDependencies: { fsevents: '^2.3.3' } } };
    expect(() => finishLock({ packages })).toThrow('fsevents@^2.3.3 is missing in the lock file');
  });
});
