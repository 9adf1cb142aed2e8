import { EvaluationReport } from '../../src/contracts/index.js';
import { buildReport } from '../../src/evaluation/index.js';
import { tenRows } from './evaluated-rows.js';

describe('buildReport', () => {
  it('measures all three on the same rows and keeps to the contract', () => {
    const report = buildReport(tenRows);
    expect(EvaluationReport.parse(report)).toEqual(report);
    expect(report).toMatchObject({
      basis: 'gold',
      rows: 10,
      teacher: { accuracy: 0.8, unanswered: 1 },
      student: { accuracy: 0.7, unanswered: 0 },
      champion: { version: 3, report: { accuracy: 0.5, unanswered: 1 } },
      overlap: { texts: 2 },
    });
  });

  it('compares the student with the teacher on the nine rows that both answered', () => {
    const [withTeacher] = buildReport(tenRows).comparisons;
    expect(withTeacher).toMatchObject({
      first: 'student',
      second: 'teacher',
      rows: 9,
      onlyFirstRight: 0,
      onlySecondRight: 2,
      accuracyDifference: -2 / 9,
      pValue: 0.5,
    });
  });

  it("takes a label that only the champion knows as a wrong answer of the champion's", () => {
    const [, withChampion] = buildReport(tenRows).comparisons;
    expect(withChampion).toMatchObject({ second: 'champion', rows: 10, onlyFirstRight: 3, onlySecondRight: 1 });
  });

  it('leaves out a comparison where no row was answered by both', () => {
    const report = buildReport({ ...tenRows, teacher: tenRows.truth.map(() => null) });
    expect(report.teacher?.accuracy).toBe(0);
    expect(report.comparisons.map(({ second }) => second)).toEqual(['champion']);
  });

  it('does not compare with the teacher on basis validation, where the teacher is the truth', () => {
    const report = buildReport({ ...tenRows, basis: 'validation', teacher: tenRows.truth });
    expect(report.teacher).toBeNull();
    expect(report.comparisons.map(({ second }) => second)).toEqual(['champion']);
  });
});
