/** The rules of docs/architecture.md and of the house, checked on every source file. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

const root = join(__dirname, '..');
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

const folders = [...new Set(files.map((file) => file.split('/')[0] ?? ''))].sort();

/** Phrases of the table that stand for several folders. */
const PHRASES: Record<string, readonly string[]> = {
  'the pure modules': ['voting', 'evaluation'],
  'the stage folders': ['corpus', 'teachers', 'voting', 'students', 'review', 'evaluation', 'deployment'],
  "all but workflows' code": folders.filter((folder) => folder !== 'workflows'),
};

/** Code that runs in the workflow sandbox or must give the same answer everywhere, and the packages it may use. */
const PURE: Record<string, readonly string[]> = {
  workflows: ['@temporalio/workflow', '@temporalio/common'],
  contracts: ['zod', 'fastest-levenshtein'],
  voting: [],
  evaluation: [],
};

const DRAWERS = /(^|\/)(utils?|helpers?|common|shared|constants|misc|lib|types)(\/|\.ts$)/;
const LONGEST_FILE = 500;

const read = (file: string) => readFileSync(join(root, 'src', file), 'utf8');

function importsOf(source: string): Import[] {
  const statements = source.matchAll(/(?:^|\n)(?:import|export)(\s+type)?\s(?:[^;'"]*?\sfrom\s+)?'([^']+)'/g);
  const dynamic = source.matchAll(/\bimport\('([^']+)'\)/g);
  return [
    ...[...statements].map(([, type, from = '']) => ({ from, typeOnly: type !== undefined })),
    ...[...dynamic].map(([, from = '']) => ({ from, typeOnly: false })),
  ];
}

/** What each folder may import, by the table of docs/architecture.md. */
function importTable(): Map<string, Set<string>> {
  const page = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');
  const table = new Map<string, Set<string>>();
  for (const [, folder = '', cell = ''] of page.matchAll(/^\| src\/([\w-]+) \|[^|]*\|([^|]*)\|$/gm)) {
    const allowed = cell.split(',').map((entry) => entry.trim());
    table.set(folder, new Set(allowed.flatMap((entry) => PHRASES[entry] ?? [entry])));
  }
  return table;
}

/** Runs in the browser: what it imports besides its own files is gone when it is compiled. */
const BROWSER = 'review/page/client/';

function problemsOf(file: string, source: string, table: Map<string, Set<string>>): string[] {
  const folder = file.split('/')[0] ?? '';
  if (file.startsWith(BROWSER)) {
    const outside = importsOf(source).filter(({ from, typeOnly }) => !from.startsWith('./') && !typeOnly);
    if (outside.length > 0) return outside.map(({ from }) => `${file}: runs in the browser, and imports ${from}`);
  }
  return importsOf(source).flatMap(({ from, typeOnly }) => {
    if (!from.startsWith('.')) {
      const allowed = PURE[folder];
      return allowed === undefined || allowed.includes(from) || typeOnly
        ? []
        : [`${file}: ${folder} is pure, and imports ${from}`];
    }
    const target = normalize(join(dirname(file), from));
    const other = target.split('/')[0] ?? '';
    if (!from.endsWith('.js')) return [`${file}: ${from} must end in .js`];
    if (other === folder) return [];
    if (target !== `${other}/index.js`) return [`${file}: ${from} goes past the index of ${other}`];
    if (typeOnly && folder === 'workflows' && other === 'activities') return [];
    return table.get(folder)?.has(other) ? [] : [`${file}: ${folder} may not import ${other}`];
  });
}

describe('the import table', () => {
  const table = importTable();

  it('has a row for every folder of src', () => {
    expect(folders.filter((folder) => !table.has(folder))).toEqual([]);
  });

  it('is kept by every file', () => {
    expect(files.flatMap((file) => problemsOf(file, read(file), table))).toEqual([]);
  });

  it.each([
    ['voting/a.ts', "import { readFileSync } from 'node:fs';", 'voting/a.ts: voting is pure, and imports node:fs'],
    ['voting/a.ts', "import '../store/index.js';", 'voting/a.ts: voting may not import store'],
    ['voting/a.ts', "export {\n  one,\n} from '../store/index.js';", 'voting/a.ts: voting may not import store'],
    ['cli/a.ts', "const x = await import('../workflows/index.js');", 'cli/a.ts: cli may not import workflows'],
    [
      'cli/a.ts',
      "import type { S } from '../store/store.js';",
      'cli/a.ts: ../store/store.js goes past the index of store',
    ],
    ['cli/a.ts', "import { x } from './other';", 'cli/a.ts: ./other must end in .js'],
    [
      'review/page/client/a.ts',
      "import { x } from '../page-api.js';",
      'review/page/client/a.ts: runs in the browser, and imports ../page-api.js',
    ],
    [
      'workflows/a.ts',
      "import { x } from '../activities/index.js';",
      'workflows/a.ts: workflows may not import activities',
    ],
  ])('is broken by %s with %j', (file, source, problem) => {
    expect(problemsOf(file, source, table)).toEqual([problem]);
  });

  it('lets workflows import the types of activities', () => {
    expect(problemsOf('workflows/a.ts', "import type { A } from '../activities/index.js';", table)).toEqual([]);
  });
});

describe('every folder of src', () => {
  it('has an index.ts, but for cli, which is entered by main.ts', () => {
    expect(folders.filter((folder) => !existsSync(join(root, 'src', folder, 'index.ts')))).toEqual(['cli']);
  });

  it('exports by name', () => {
    expect(files.filter((file) => /^export \*/m.test(read(file)))).toEqual([]);
  });

  it('is no drawer and has none', () => {
    expect(files.filter((file) => DRAWERS.test(file))).toEqual([]);
  });

  it(`has no file over ${LONGEST_FILE} lines`, () => {
    expect(files.filter((file) => read(file).split('\n').length > LONGEST_FILE + 1)).toEqual([]);
  });
});
