/** AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) with gradient clipping and a linear schedule, on float32 arrays. */

export interface Trained {
  /** Changed in place. */
  readonly values: Float32Array;
  /** Read at each update. */
  readonly gradient: Float32Array;
  readonly decays: boolean;
}

/** Running averages of a parameter's gradient and of its square. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

export class AdamW {
  readonly moments: readonly Moments[];

  constructor(private readonly parameters: readonly Trained[]) {
    this.moments = parameters.map(({ values }) => ({
      first: new Float32Array(values.length),
      second: new Float32Array(values.length),
    }));
  }

  /** The update number `step`, counted from 1. Returns the norm of all gradients before they are clipped. */
  update(step: number, learningRate: number): number {
    const norm = Math.sqrt(this.parameters.reduce((sum, { gradient }) => sum + sumOfSquares(gradient), 0));
    const clip = Math.min(1, LARGEST_NORM / (norm + 1e-6));
    const rate = learningRate / (1 - FIRST_DECAY ** step);
    const correction = 1 / Math.sqrt(1 - SECOND_DECAY ** step);
    for (const [index, { values, gradient, decays }] of this.parameters.entries()) {
      const { first, second } = this.moments[index]!;
      const kept = decays ? 1 - learningRate * WEIGHT_DECAY : 1;
      for (let i = 0; i < values.length; i++) {
        const slope = gradient[i]! * clip;
        const mean = FIRST_DECAY * first[i]! + (1 - FIRST_DECAY) * slope;
        const square = SECOND_DECAY * second[i]! + (1 - SECOND_DECAY) * slope * slope;
        first[i] = mean;
        second[i] = square;
        values[i] = values[i]! * kept - (rate * mean) / (Math.sqrt(square) * correction + EPSILON);
      }
    }
    return norm;
  }
}

/** Rises linearly over the first 6 % of the steps, then falls linearly to 0. `step` counts from 0. */
export function learningRateAt(step: number, steps: number, peak: number): number {
  const warmUp = Math.floor(WARM_UP * steps);
  return peak * (step < warmUp ? step / warmUp : (steps - step) / (steps - warmUp));
}

const LARGEST_NORM = 1;
const FIRST_DECAY = 0.9;
const SECOND_DECAY = 0.999;
const EPSILON = 1e-8;
const WEIGHT_DECAY = 0.01;
const WARM_UP = 0.06;

function sumOfSquares(numbers: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i]! * numbers[i]!;
  return sum;
}
