/** A Jest reporter: writes the paths of the suites that failed to the file FAILED_SUITES, as a JSON array. */
const { writeFileSync } = require('node:fs');

module.exports = class FailedSuitesReporter {
  onRunComplete(_contexts, { testResults }) {
    const failed = testResults.filter(({ numFailingTests, testExecError }) => numFailingTests > 0 || testExecError);
    writeFileSync(process.env.FAILED_SUITES, JSON.stringify(failed.map(({ testFilePath }) => testFilePath)));
  }
};
