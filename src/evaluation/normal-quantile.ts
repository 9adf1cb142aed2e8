/** Quantiles of the standard normal distribution. */

/**
 * The value that a standard normal variable stays below with the given probability (0 < probability < 1).
 * Algorithm AS 241, PPND16 (Wichura 1988, Applied Statistics 37:477-484): about 16 significant digits.
 * Throws RangeError outside (0, 1).
 */
export function normalQuantile(probability: number): number {
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`probability: ${probability} is not between 0 and 1`);
  }
  const centred = probability - 0.5;
  if (Math.abs(centred) <= 0.425) return centred * ratioAt(0.180625 - centred * centred, central);
  const tail = Math.sqrt(-Math.log(Math.min(probability, 1 - probability)));
  const distance = tail <= 5 ? ratioAt(tail - 1.6, middle) : ratioAt(tail - 5, far);
  return Math.sign(centred) * distance;
}

/** Coefficients of two polynomials, from the highest power down. */
interface Ratio {
  readonly above: readonly number[];
  readonly below: readonly number[];
}

function ratioAt(x: number, { above, below }: Ratio): number {
  return polynomialAt(x, above) / polynomialAt(x, below);
}

function polynomialAt(x: number, coefficients: readonly number[]): number {
  return coefficients.reduce((value, coefficient) => value * x + coefficient, 0);
}

// The paper's coefficients, rounded to what a double holds: |probability - 0.5| up to 0.425, then tails, then far tails.
const central: Ratio = {
  above: [
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513,
    133.14166789178438, 3.3871328727963665,
  ],
  below: [
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579,
    42.31333070160091, 1,
  ],
};
const middle: Ratio = {
  above: [
    7.745450142783414e-4, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
    5.769497221460691, 4.630337846156546, 1.4234371107496835,
  ],
  below: [
    1.0507500716444169e-9, 5.475938084995345e-4, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
    1.6763848301838038, 2.053191626637759, 1,
  ],
};
const far: Ratio = {
  above: [
    2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487,
    1.7848265399172913, 5.463784911164114, 6.657904643501103,
  ],
  below: [
    2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 7.868691311456133e-4, 0.014875361290850615,
    0.1369298809227358, 0.599832206555888, 1,
  ],
};
