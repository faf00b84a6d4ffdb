/**
 * What is said of repeated measurements. Every function takes the values in any order and leaves them as they
 * are; of no values each is NaN.
 */

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Of a sample, so with n − 1 (as Python's `statistics.stdev`); 0 of one value, which says nothing of spread. */
export function standardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return values.length === 0 ? NaN : 0;
  const middle = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - middle) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/**
 * The value below which `share` (0 to 1) of the values lie, between two of them by linear interpolation: type 7
 * of Hyndman and Fan, as numpy's and R's default and `statistics.quantiles(…, method='inclusive')`.
 */
export function quantile(values: ArrayLike<number>, share: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), share);
}

function quantileOfSorted(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return NaN;
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** Repeated measurements in a few numbers, in the unit of the values. */
export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly standardDeviation: number;
  /** Quartiles: the middle half of the values lies between the first and the third. */
  readonly firstQuartile: number;
  readonly median: number;
  readonly thirdQuartile: number;
  /** Which values lie outside Tukey's fences, by their place. */
  readonly outliers: readonly number[];
}

/** Tukey's fences: so many interquartile ranges below the first and above the third quartile. */
const FENCE = 1.5;
/** Of fewer values the quartiles are no more than the values themselves. */
const FEWEST_FOR_FENCES = 5;

export function summarize(values: ArrayLike<number>): Summary {
  const sorted = Float64Array.from(values).sort();
  const firstQuartile = quantileOfSorted(sorted, 0.25);
  const thirdQuartile = quantileOfSorted(sorted, 0.75);
  const reach = FENCE * (thirdQuartile - firstQuartile);
  const outliers: number[] = [];
  if (values.length >= FEWEST_FOR_FENCES) {
    for (let i = 0; i < values.length; i++) {
      if (values[i] < firstQuartile - reach || values[i] > thirdQuartile + reach) outliers.push(i);
    }
  }
  return {
    count: sorted.length,
    min: sorted.length === 0 ? NaN : sorted[0],
    max: sorted.length === 0 ? NaN : sorted[sorted.length - 1],
    mean: mean(sorted),
    standardDeviation: standardDeviation(sorted),
    firstQuartile,
    median: quantileOfSorted(sorted, 0.5),
    thirdQuartile,
    outliers,
  };
}
