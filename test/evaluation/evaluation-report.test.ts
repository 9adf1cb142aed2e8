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

  it('compares with the champion on rows that it was not trained on, and counts the others', () => {
    const learned = tenRows.truth.map((_, row) => row === 0 || row === 7);
    const report = buildReport({ ...tenRows, champion: { ...tenRows.champion!, learned }, disputed: new Set([1, 7]) });
    expect(report.champion).toMatchObject({ learned: 2, report: { rows: 10, accuracy: 0.5 } });
    expect(report.comparisons).toMatchObject([
      { second: 'teacher', rows: 9 },
      { second: 'champion', rows: 8, onlyFirstRight: 3, onlySecondRight: 0 },
    ]);
    expect(report.undisputed?.comparisons).toMatchObject([{ second: 'teacher' }, { second: 'champion', rows: 7 }]);
    expect(EvaluationReport.parse(report)).toEqual(report);
    const unknown = buildReport({ ...tenRows, champion: { ...tenRows.champion!, learned: null } });
    expect(unknown).toMatchObject({ champion: { learned: null }, comparisons: [{}, { second: 'champion', rows: 10 }] });
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

  it('measures again without the disputed rows, and leaves all other figures as they are', () => {
    const report = buildReport({ ...tenRows, disputed: new Set([4, 7]) });
    const { undisputed, ...others } = report;
    expect(others).toEqual(buildReport(tenRows));
    // The student is wrong on rows 4, 7 and 8, the teacher on 8 and 9.
    expect(undisputed).toMatchObject({ rows: 8, student: { accuracy: 7 / 8 }, teacher: { accuracy: 6 / 8 } });
    expect(undisputed?.comparisons.map(({ rows, second }) => ({ rows, second }))).toEqual([
      { rows: 7, second: 'teacher' },
      { rows: 8, second: 'champion' },
    ]);
    expect(EvaluationReport.parse(report)).toEqual(report);
  });

  it('has no such figures where no label is disputed, or every one is', () => {
    const all = new Set(tenRows.truth.keys());
    for (const disputed of [new Set<number>(), all])
      expect(buildReport({ ...tenRows, disputed }).undisputed).toBeUndefined();
  });
});
