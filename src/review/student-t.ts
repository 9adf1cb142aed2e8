/** The lower tail of Student's t distribution. */

/**
 * P(T <= t) with so many degrees of freedom, to about 1e-12: by the regularised incomplete beta function (DLMF 8.17.22), whose
 * continued fraction is evaluated by Lentz's method. t may be infinite. Throws RangeError for degrees of freedom below 1.
 */
export function studentT(t: number, freedom: number): number {
  if (!(freedom >= 1)) throw new RangeError(`${freedom} degrees of freedom can't be`);
  if (!Number.isFinite(t)) return t < 0 ? 0 : 1;
  const outside = incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
  return t < 0 ? outside / 2 : 1 - outside / 2;
}

/** I_x(a, b), 0 <= x <= 1. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x === 0 || x === 1) return x;
  // The fraction converges fast below this point only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return front * value;
}

/** Stirling's series (DLMF 5.11.1) where it converges, reached by the recurrence. x > 0. */
function logGamma(x: number): number {
  let [large, shift] = [x, 0];
  while (large < 10) shift -= Math.log(large++);
  const inverse = 1 / (large * large);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / large;
  return shift + (large - 0.5) * Math.log(large) - large + 0.5 * Math.log(2 * Math.PI) + series;
}

const MOST_TERMS = 500;
const PRECISION = 1e-15;
const TINY = 1e-300;

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
