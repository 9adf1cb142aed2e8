import { minimise, type Objective } from '../../src/students/lbfgs.js';

/** (x − 3)² + 100 (y + 1)²: lowest, with 0, at (3, −1). */
const bowl: Objective = (point, gradient) => {
  const [x, y] = [point[0]! - 3, point[1]! + 1];
  gradient[0] = 2 * x;
  gradient[1] = 200 * y;
  return x * x + 100 * y * y;
};

describe('minimise', () => {
  it('finds the lowest point of a stretched bowl to the gradient tolerance and leaves the start alone', async () => {
    const start = Float64Array.of(0, 0);
    const found = await minimise(bowl, start, { gradientTolerance: 1e-9, maxIterations: 100 });
    expect(found.point[0]).toBeCloseTo(3, 8);
    expect(found.point[1]).toBeCloseTo(-1, 8);
    expect(found.value).toBeCloseTo(0, 12);
    expect(found.gradientNorm).toBeLessThanOrEqual(1e-9);
    expect([...start]).toEqual([0, 0]);
  });

  it("finds (1, 1) in Rosenbrock's bent valley", async () => {
    const valley: Objective = ([x = 0, y = 0], gradient) => {
      gradient[0] = -2 * (1 - x) - 400 * x * (y - x * x);
      gradient[1] = 200 * (y - x * x);
      return (1 - x) ** 2 + 100 * (y - x * x) ** 2;
    };
    const found = await minimise(valley, Float64Array.of(-1.2, 1), { gradientTolerance: 1e-8, maxIterations: 200 });
    expect(found.point[0]).toBeCloseTo(1, 6);
    expect(found.point[1]).toBeCloseTo(1, 6);
  });

  it('stops after the given iterations, tells them one by one, and says that it has not arrived', async () => {
    const told: number[] = [];
    const onIteration = async (iteration: number) => void told.push(iteration);
    const found = await minimise(bowl, Float64Array.of(50, 50), {
      gradientTolerance: 1e-9,
      maxIterations: 2,
      onIteration,
    });
    expect(told).toEqual([1, 2]);
    expect(found.iterations).toBe(2);
    expect(found.gradientNorm).toBeGreaterThan(1e-9);
  });

  it('does nothing at the lowest point', async () => {
    const found = await minimise(bowl, Float64Array.of(3, -1), { gradientTolerance: 1e-9, maxIterations: 100 });
    expect(found).toMatchObject({ iterations: 0, value: 0, gradientNorm: 0 });
  });
});
