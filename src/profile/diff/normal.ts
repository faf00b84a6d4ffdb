/** Tails of the distributions that tests compare with. */

/** Of so many degrees of freedom Student's t is the normal distribution to three digits of its tails. */
const NORMAL_FROM = 200;

/** The chance of a standard normal value at least as far from 0 as `z`, on either side. */
export function normalTails(z: number): number {
  const x = Math.abs(z);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x < 3) {
    // Abramowitz and Stegun 26.2.11: the power series of the part within.
    let term = x;
    let sum = x;
    for (let n = 3; n < 60; n += 2) sum += term *= (x * x) / n;
    return Math.max(0, 1 - 2 * density * sum);
  }
  // 26.2.14: the continued fraction of the part without.
  let fraction = x;
  for (let n = 40; n > 0; n--) fraction = x + n / fraction;
  return (2 * density) / fraction;
}

/** The same of Student's t with `freedom` degrees of freedom, which need not be whole. */
export function studentTails(t: number, freedom: number): number {
  if (freedom >= NORMAL_FROM) return normalTails(t);
  // Both tails are an integral of (1 + x²/ν)^(-(ν+1)/2); with x = √ν tan θ a smooth one over a finite span.
  const from = Math.atan(Math.abs(t) / Math.sqrt(freedom));
  const part = (low: number) =>
    simpson((angle) => Math.cos(angle) ** (freedom - 1), low, Math.PI / 2);
  return part(from) / part(0);
}

/** Simpson's rule. */
function simpson(of: (x: number) => number, low: number, high: number): number {
  const steps = 400;
  const width = (high - low) / steps;
  let sum = of(low) + of(high);
  for (let i = 1; i < steps; i++) sum += of(low + i * width) * (i % 2 === 1 ? 4 : 2);
  return (sum * width) / 3;
}
