import {
  fitLogisticRegression,
  logisticObjective,
  predictProbabilities,
  type SparseRows,
} from '../../src/students/logistic-regression.js';
import oracle from './fixtures/linear-oracle.json' with { type: 'json' };

function sparse(rows: number[][]): SparseRows {
  const columns = rows[0]!.length;
  const entries = rows.flatMap((row) => row.flatMap((value, column) => (value === 0 ? [] : [{ column, value }])));
  const sizes = rows.map((row) => row.filter((value) => value !== 0).length);
  const rowStarts = Uint32Array.from([0, ...sizes.map((_, row) => sizes.slice(0, row + 1).reduce((a, b) => a + b, 0))]);
  return {
    rows: rows.length,
    columns,
    rowStarts,
    columnOf: Int32Array.from(entries, ({ column }) => column),
    values: Float32Array.from(entries, ({ value }) => value),
  };
}

const { rows, targets, fits } = oracle.dense;
const features = sparse(rows);
const flatTargets = Float64Array.from(targets.flat());

describe('logisticObjective', () => {
  it('costs ln 2 nats with no weights and two labels', () => {
    const objective = logisticObjective(sparse([[1], [2]]), Float64Array.of(1, 0, 0, 1), 2, 1);
    expect(objective(new Float64Array(4), new Float64Array(4))).toBeCloseTo(Math.LN2, 12);
  });

  it('adds ‖weights‖² / (2 · C · rows) for weights and nothing for biases', () => {
    const objective = logisticObjective(sparse([[0], [0]]), Float64Array.of(1, 0, 0, 1), 2, 0.5);
    // Weights 3 and 1 on a column that no row has: (9 + 1) / (2 · 0.5 · 2) = 5. Equal biases change no score.
    expect(objective(Float64Array.of(3, 1, 7, 7), new Float64Array(4))).toBeCloseTo(Math.LN2 + 5, 12);
  });

  it('has the gradient that finite differences give', () => {
    const objective = logisticObjective(features, flatTargets, 4, 3);
    const point = Float64Array.from({ length: 7 * 4 }, (_, i) => Math.sin(3 * i));
    const gradient = new Float64Array(point.length);
    objective(point, gradient);
    const unused = new Float64Array(point.length);
    for (let i = 0; i < point.length; i++) {
      const at = (shift: number) => objective(point.with(i, point[i]! + shift), unused);
      expect(gradient[i]).toBeCloseTo((at(1e-6) - at(-1e-6)) / 2e-6, 7);
    }
  });
});

describe('fitLogisticRegression', () => {
  it.each(fits)("gives scikit-learn's probabilities of soft targets at C = $C", async ({ C, probabilities }) => {
    const options = { strength: C, tolerance: 1e-10, warmStart: null };
    const fit = await fitLogisticRegression(features, flatTargets, 4, options);
    const own = predictProbabilities(fit.model, features);
    const differences = probabilities.flat().map((expected, i) => Math.abs(expected - own[i]!));
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });

  it('stops no further above the minimum than the tolerance, and tells how far at most', async () => {
    const objective = logisticObjective(features, flatTargets, 4, 10);
    const valueAt = (parameters: Float64Array) => objective(parameters, new Float64Array(parameters.length));
    const fitTo = (tolerance: number) =>
      fitLogisticRegression(features, flatTargets, 4, { strength: 10, tolerance, warmStart: null });
    const best = await fitTo(1e-12);
    for (const tolerance of [1e-2, 1e-4]) {
      const fit = await fitTo(tolerance);
      expect(fit.gap).toBeLessThanOrEqual(tolerance);
      expect(valueAt(fit.model.parameters) - valueAt(best.model.parameters)).toBeLessThanOrEqual(fit.gap);
      expect(fit.iterations).toBeLessThan(best.iterations);
    }
  });

  it('arrives at the same model from a warm start, in fewer iterations', async () => {
    const options = { tolerance: 1e-10, warmStart: null };
    const cold = await fitLogisticRegression(features, flatTargets, 4, { ...options, strength: 10 });
    const near = await fitLogisticRegression(features, flatTargets, 4, { ...options, strength: 9 });
    const warm = await fitLogisticRegression(features, flatTargets, 4, {
      ...options,
      strength: 10,
      warmStart: near.model,
    });
    expect(warm.iterations).toBeLessThan(cold.iterations);
    for (const [i, parameter] of warm.model.parameters.entries())
      expect(parameter).toBeCloseTo(cold.model.parameters[i]!, 4);
  });
});
