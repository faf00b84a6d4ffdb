/**
 * By how much one of two contestants is slower, from rounds in which both ran.
 *
 * Each round gives one ratio, in which what slowed the machine down meanwhile cancels out. Of the ratios'
 * logarithms the Hodges–Lehmann estimate is taken (the median of the means of all pairs), with the confidence
 * interval that belongs to it: that of Wilcoxon's signed-rank test (Hollander, Wolfe & Chicken, Nonparametric
 * Statistical Methods, 3.2 and 3.3). It assumes no normal distribution, only that a round may err either way
 * alike; outliers hardly move it; it holds for few rounds as well, where resampling promises too much.
 */
import { median } from './statistics.js';

export interface Ratio {
  /** Of the numerators to the denominators. */
  readonly ratio: number;
  /** The interval in which the ratio lies with `confidence`, at least. */
  readonly low: number;
  readonly high: number;
  /** 0 to 1: what was asked for, or what so few rounds can give where that is less. */
  readonly confidence: number;
  readonly rounds: number;
}

/** Up to here the distribution is computed; beyond, the normal one serves. */
const MOST_EXACT = 60;
/** The standard normal distribution's quantile for 95 % within. */
const NORMAL_95 = 1.959964;
export const CONFIDENCE = 0.95;

/**
 * @param numerators, denominators what each round measured of the two: above zero, as many of one as of the other
 * @throws RangeError of no rounds, or of a measurement that is not above zero
 */
export function pairedRatio(numerators: ArrayLike<number>, denominators: ArrayLike<number>): Ratio {
  const rounds = Math.min(numerators.length, denominators.length);
  const logs = Float64Array.from({ length: rounds }, (_, i) =>
    Math.log(numerators[i] / denominators[i]),
  );
  if (rounds === 0 || !logs.every(Number.isFinite)) {
    throw new RangeError('a ratio needs measurements above zero');
  }
  const averages = walshAverages(logs);
  const { rank, confidence } = confidenceRank(rounds);
  return {
    ratio: Math.exp(median(averages)),
    low: Math.exp(averages[rank]),
    high: Math.exp(averages[averages.length - 1 - rank]),
    confidence,
    rounds,
  };
}

/** The means of all pairs of values, each with itself, too; sorted. */
function walshAverages(values: Float64Array): Float64Array {
  const averages = new Float64Array((values.length * (values.length + 1)) / 2);
  let next = 0;
  for (let i = 0; i < values.length; i++) {
    for (let j = i; j < values.length; j++) averages[next++] = (values[i] + values[j]) / 2;
  }
  return averages.sort();
}

/**
 * How many of the sorted averages lie outside the interval on each side, and the confidence of what is left:
 * `1 − 2 P(W < rank + 1)`, where W is the signed-rank statistic of `n` values.
 */
function confidenceRank(n: number): { rank: number; confidence: number } {
  const averages = (n * (n + 1)) / 2;
  if (n > MOST_EXACT) {
    const deviation = Math.sqrt((averages * (2 * n + 1)) / 12);
    const rank = Math.floor(averages / 2 - NORMAL_95 * deviation) - 1;
    return { rank, confidence: CONFIDENCE };
  }
  const chances = signedRankChances(n);
  let outside = 0;
  let rank = -1;
  // The interval from the k-th smallest to the k-th greatest average misses with 2 P(W <= k − 1).
  while (outside + chances[rank + 1] <= (1 - CONFIDENCE) / 2) outside += chances[++rank];
  if (rank < 0) return { rank: 0, confidence: 1 - 2 * chances[0] };
  return { rank, confidence: CONFIDENCE };
}

/** The chance of each value of the signed-rank statistic: the sum of those of 1…n that a fair coin picks. */
function signedRankChances(n: number): Float64Array {
  const chances = new Float64Array((n * (n + 1)) / 2 + 1);
  chances[0] = 1;
  for (let value = 1, most = 0; value <= n; value++) {
    most += value;
    for (let sum = most; sum >= 0; sum--) {
      chances[sum] = (chances[sum] + (sum >= value ? chances[sum - value] : 0)) / 2;
    }
  }
  return chances;
}
