/** L-BFGS (Liu and Nocedal 1989; Nocedal and Wright 2006, algorithm 7.4) in float64, for smooth convex functions. */

/** Writes the gradient at `point` into `gradient` and returns the value there. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

export interface MinimiseOptions {
  /** Stops once the gradient's Euclidean norm is at most this. */
  readonly gradientTolerance: number;
  readonly maxIterations: number;
  /** Awaited after each iteration: reports progress and lets the event loop turn. */
  readonly onIteration?: (iteration: number) => Promise<void>;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  /** Euclidean; above the tolerance, the iterations ran out or rounding stopped the search. */
  readonly gradientNorm: number;
  readonly iterations: number;
}

/** Correction pairs that approximate the Hessian. */
export const HISTORY = 8;
/** Vectors of the point's length that are alive at the peak: the pairs, two points, two gradients and the direction. */
export const WORKING_VECTORS = 2 * HISTORY + 5;

/** Minimises from `start`, which is not changed. */
export async function minimise(objective: Objective, start: Float64Array, options: MinimiseOptions): Promise<Minimum> {
  let point = start.slice();
  let gradient = new Float64Array(point.length);
  let value = objective(point, gradient);
  let trialPoint = new Float64Array(point.length);
  let trialGradient = new Float64Array(point.length);
  const direction = new Float64Array(point.length);
  const pairs: CorrectionPair[] = [];
  let iterations = 0;
  while (norm(gradient) > options.gradientTolerance && iterations < options.maxIterations) {
    descend(direction, gradient, pairs);
    const firstStep = pairs.length === 0 ? 1 / norm(gradient) : 1;
    const found = searchLine(objective, { point, value, gradient, direction, firstStep, trialPoint, trialGradient });
    if (found === null) break;
    remember(pairs, point, gradient, trialPoint, trialGradient);
    [point, trialPoint] = [trialPoint, point];
    [gradient, trialGradient] = [trialGradient, gradient];
    value = found;
    iterations++;
    await options.onIteration?.(iterations);
  }
  return { point, value, gradientNorm: norm(gradient), iterations };
}

interface CorrectionPair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  /** 1 / (step · change). */
  inverseCurvature: number;
}

interface LineSearch {
  readonly point: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  readonly direction: Float64Array;
  readonly firstStep: number;
  readonly trialPoint: Float64Array;
  readonly trialGradient: Float64Array;
}

/** direction = −H · gradient by the two-loop recursion. */
function descend(direction: Float64Array, gradient: Float64Array, pairs: readonly CorrectionPair[]): void {
  for (let i = 0; i < direction.length; i++) direction[i] = -gradient[i]!;
  const weights = new Float64Array(pairs.length);
  for (let p = pairs.length - 1; p >= 0; p--) {
    const { step, change, inverseCurvature } = pairs[p]!;
    weights[p] = inverseCurvature * dot(step, direction);
    addScaled(direction, change, -weights[p]!);
  }
  const last = pairs.at(-1);
  if (last !== undefined) scale(direction, 1 / (last.inverseCurvature * dot(last.change, last.change)));
  for (const [p, { step, change, inverseCurvature }] of pairs.entries()) {
    addScaled(direction, step, weights[p]! - inverseCurvature * dot(change, direction));
  }
}

/** Bisection for the weak Wolfe conditions (Lewis and Overton 2013, algorithm 2.6). Leaves the accepted point and its
 *  gradient in the trial arrays and returns its value; null when rounding leaves nothing to gain. */
function searchLine(objective: Objective, line: LineSearch): number | null {
  const sufficientDecrease = 1e-4;
  const curvature = 0.9;
  const slope = dot(line.gradient, line.direction);
  if (slope >= 0) return null;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let length = line.firstStep;
  for (let attempt = 0; attempt < 40; attempt++) {
    for (let i = 0; i < line.point.length; i++) line.trialPoint[i] = line.point[i]! + length * line.direction[i]!;
    const value = objective(line.trialPoint, line.trialGradient);
    if (!(value <= line.value + sufficientDecrease * length * slope)) high = length;
    else if (dot(line.trialGradient, line.direction) < curvature * slope) low = length;
    else return value;
    length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
  }
  return null;
}

/** Appends the newest pair; the oldest one's arrays are used again. The Wolfe conditions make step · change positive. */
function remember(
  pairs: CorrectionPair[],
  point: Float64Array,
  gradient: Float64Array,
  nextPoint: Float64Array,
  nextGradient: Float64Array,
): void {
  const pair =
    pairs.length < HISTORY
      ? { step: new Float64Array(point.length), change: new Float64Array(point.length), inverseCurvature: 0 }
      : pairs.shift()!;
  for (let i = 0; i < point.length; i++) {
    pair.step[i] = nextPoint[i]! - point[i]!;
    pair.change[i] = nextGradient[i]! - gradient[i]!;
  }
  pair.inverseCurvature = 1 / dot(pair.step, pair.change);
  pairs.push(pair);
}

/** Four sums at once: one would wait for each addition. */
function dot(a: Float64Array, b: Float64Array): number {
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  const end = a.length - (a.length % 4);
  for (let i = 0; i < end; i += 4) {
    sum0 += a[i]! * b[i]!;
    sum1 += a[i + 1]! * b[i + 1]!;
    sum2 += a[i + 2]! * b[i + 2]!;
    sum3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = end; i < a.length; i++) sum0 += a[i]! * b[i]!;
  return sum0 + sum1 + (sum2 + sum3);
}

function addScaled(target: Float64Array, source: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! + factor * source[i]!;
}

function scale(target: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! * factor;
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}
