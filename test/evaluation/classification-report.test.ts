import { ClassificationReport } from '../../src/contracts/index.js';
import { classificationReport } from '../../src/evaluation/index.js';
import oracle from './fixtures/classification.json' with { type: 'json' };

describe('classificationReport', () => {
  it.each(oracle.cases)('equals scikit-learn: $name', ({ labels, truth, predicted, ...expected }) => {
    const report = classificationReport({ truth, predicted, labels, confidence: 0.95 });
    expect(ClassificationReport.parse(report)).toEqual(report);
    expect(report.rows).toBe(truth.length);
    expect(report.unanswered).toBe(predicted.filter((label) => label === null).length);
    for (const figure of ['accuracy', 'macroF1', 'weightedF1'] as const) {
      expect([figure, Math.abs(report[figure] - expected[figure]) < 1e-9]).toEqual([figure, true]);
    }
    const byLabel = new Map(Object.entries(expected.perClass));
    expect(Object.keys(report.perClass)).toEqual(labels);
    for (const label of labels) {
      const own = report.perClass[label];
      const theirs = byLabel.get(label);
      expect(own?.support).toBe(theirs?.support);
      expect(own?.precision).toBeCloseTo(theirs?.precision ?? Number.NaN, 9);
      expect(own?.recall).toBeCloseTo(theirs?.recall ?? Number.NaN, 9);
      expect(own?.f1).toBeCloseTo(theirs?.f1 ?? Number.NaN, 9);
    }
    const columns = labels.length + (report.unanswered > 0 ? 1 : 0);
    const trueRows = expected.confusion.slice(0, labels.length);
    expect(report.confusion).toEqual({ labels, counts: trueRows.map((row) => row.slice(0, columns)) });
  });

  const measure = (truth: string[], predicted: (string | null)[]) => () =>
    classificationReport({ truth, predicted, labels: ['a', 'b'], confidence: 0.95 });

  it('refuses unequal lengths, no rows and labels that the task does not have', () => {
    expect(measure(['a', 'b'], ['a'])).toThrow(new RangeError('predicted: 1 predictions for 2 rows'));
    expect(measure([], [])).toThrow(RangeError);
    expect(measure(['a', 'c'], ['a', 'a'])).toThrow('truth: the label of row 1 is not one of the labels: a, b');
    expect(measure(['a', 'a'], ['c', 'a'])).toThrow('predicted: the label of row 0 is not one of the labels: a, b');
  });

  it('carries the Wilson interval of its accuracy at the confidence that was asked for', () => {
    const truth = ['a', 'a', 'a', 'b', 'b', 'b', 'a', 'b', 'a', 'b'];
    const predicted = [...truth.slice(0, 1), ...truth.slice(1).map((label) => (label === 'a' ? 'b' : 'a'))];
    const report = classificationReport({ truth, predicted, labels: ['a', 'b'], confidence: 0.95 });
    // 1 of 10 right; the interval as in Newcombe 1998 and statsmodels.
    expect(report.accuracyInterval.low).toBeCloseTo(0.0179, 4);
    expect(report.accuracyInterval.high).toBeCloseTo(0.4042, 4);
  });
});
