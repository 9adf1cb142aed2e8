/** Tests are TypeScript, compiled by swc to CommonJS; the listed packages ship ES modules only and are compiled too. */
// Commands that run inside a test write what they write to a file: picocolors would colour it where CI is set.
process.env.NO_COLOR = '1';

const esmOnly = [
  'hyparquet',
  'hyparquet-compressors',
  'hyparquet-writer',
  'fzstd',
  'hysnappy',
  'pure-rand',
  'csv-parse',
  'csv-stringify',
];
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.tutelage/'],
  transform: {
    '^.+\\.[tj]s$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Generous: a machine that is busy with other jobs is slow, and no test is of speed.
  testTimeout: 300_000,
  // Half of what a test of servers and workers takes is waiting: three of them keep two cores busy.
  maxWorkers: 3,
  testSequencer: './jest.sequencer.cjs',
};
