/** What repeated runs say together. */
import { mean, standardDeviation } from '../measure/statistics.js';

export interface Estimate {
  readonly mean: number;
  /** Standard deviation of the mean (not of the runs): what perf prints behind `+-`. 0 for a single run. */
  readonly deviation: number;
}

/** @param values of each run, at least one */
export function estimate(values: readonly number[]): Estimate {
  return {
    mean: mean(values),
    deviation: standardDeviation(values) / Math.sqrt(values.length),
  };
}

/** The deviation in percent of the mean; 0 of nothing. */
export function relativeDeviation({ mean, deviation }: Estimate): number {
  return mean === 0 ? 0 : (100 * deviation) / mean;
}
