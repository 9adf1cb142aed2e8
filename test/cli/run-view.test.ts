/** What a run that is followed leaves in the terminal. */
import { NOTHING_AT_WORK, RunView } from '../../src/cli/run-view.js';
import { RunReport } from '../../src/workflows/run-report.js';

it('tells every signal that was ignored once, though the run keeps only the last ones', () => {
  let written = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += text;
    return true;
  });
  try {
    const report = new RunReport('a-run', () => {});
    const view = new RunView();
    for (let signal = 1; signal <= 25; signal++) {
      report.ignore(`signal approve: number ${signal}`);
      view.show(structuredClone(report.progress), NOTHING_AT_WORK);
      view.show(structuredClone(report.progress), NOTHING_AT_WORK);
    }
    const told = written.match(/number \d+/g);
    expect(told).toEqual(Array.from({ length: 25 }, (_, index) => `number ${index + 1}`));
  } finally {
    jest.restoreAllMocks();
  }
});
