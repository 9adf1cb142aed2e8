/** AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) with gradient clipping and a linear schedule, in float32. */
import { type AdamWCode, compileAdamW, FIRST_DECAY, SECOND_DECAY } from './adamw-code.js';

export interface Trained {
  readonly name: string;
  readonly length: number;
  readonly decays: boolean;
}

/** Arrays of each parameter by its name; all are views of one memory. */
export type ParameterArrays = ReadonlyMap<string, Float32Array>;

/** Parameters that one optimiser can hold: four float32 numbers each, in WebAssembly's memory of 4 GiB. */
export const MOST_PARAMETERS = 2 ** 28 - 2 ** 16;

export class AdamW {
  /** Changed in place by update. */
  readonly values: ParameterArrays;
  /** To be filled before each update. */
  readonly gradients: ParameterArrays;
  /** Running averages of the gradients and of their squares. */
  readonly first: ParameterArrays;
  readonly second: ParameterArrays;
  private readonly code: AdamWCode;
  private readonly memory: WebAssembly.Memory;
  /** Where each kind of array begins, in bytes; a parameter stands at the same place in each. */
  private readonly sectionBytes: number;

  constructor(private readonly parameters: readonly Trained[]) {
    const padded = parameters.reduce((sum, { length }) => sum + paddedBytes(length), 0);
    this.sectionBytes = padded;
    const pages = Math.ceil((4 * padded) / PAGE_BYTES);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.code = compileAdamW(this.memory);
    [this.values, this.first, this.second, this.gradients] = [0, 1, 2, 3].map((kind) => this.arrays(kind)) as [
      ParameterArrays,
      ParameterArrays,
      ParameterArrays,
      ParameterArrays,
    ];
  }

  /** The update number `step`, counted from 1. Returns the norm of all gradients before they are clipped. */
  update(step: number, learningRate: number): number {
    const section = this.sectionBytes;
    const norm = Math.sqrt(this.code.sumOfSquares(3 * section, 4 * section));
    const clip = Math.min(1, LARGEST_NORM / (norm + 1e-6));
    const rate = learningRate / (1 - FIRST_DECAY ** step);
    const correction = 1 / Math.sqrt(1 - SECOND_DECAY ** step);
    let start = 0;
    for (const { length, decays } of this.parameters) {
      const end = start + paddedBytes(length);
      const kept = decays ? 1 - learningRate * WEIGHT_DECAY : 1;
      const [first, second, gradient] = [start + section, start + 2 * section, start + 3 * section];
      this.code.update(start, first, second, gradient, end, clip, rate, correction, kept);
      start = end;
    }
    return norm;
  }

  private arrays(kind: number): ParameterArrays {
    let start = kind * this.sectionBytes;
    return new Map(
      this.parameters.map(({ name, length }) => {
        const array = new Float32Array(this.memory.buffer, start, length);
        start += paddedBytes(length);
        return [name, array];
      }),
    );
  }
}

/** Rises linearly over the first 6 % of the steps, then falls linearly to 0. `step` counts from 0. */
export function learningRateAt(step: number, steps: number, peak: number): number {
  const warmUp = Math.floor(WARM_UP * steps);
  return peak * (step < warmUp ? step / warmUp : (steps - step) / (steps - warmUp));
}

const LARGEST_NORM = 1;
const WEIGHT_DECAY = 0.01;
const WARM_UP = 0.06;
const PAGE_BYTES = 65_536;

/** The code takes 16 bytes at a time; what is behind a parameter's last value stays 0. */
function paddedBytes(length: number): number {
  return 16 * Math.ceil(length / 4);
}
