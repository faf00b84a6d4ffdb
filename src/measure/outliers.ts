/** Why runs lie far from the others, as far as what was measured tells. */
import { median, summarize } from './statistics.js';

/**
 * - `faster`: below the others
 * - `cold`: the first run alone: caches were filled by it
 * - `waited`: it took no more CPU time than the others: it waited, for a CPU that others had or for I/O
 * - `computed`: it took more CPU time, too: a slower clock, a shared cache, other work than in the other runs
 */
export type Cause = 'faster' | 'cold' | 'waited' | 'computed';

export interface Outlier {
  /** Which run, from 0. */
  readonly run: number;
  readonly cause: Cause;
}

/** What of a run's excess must be CPU time for it to have computed longer. */
const COMPUTED_SHARE = 0.5;

/**
 * The runs outside Tukey's fences of real time, with the likely cause.
 * @param coldStart whether nothing ran before the first run that could have filled caches
 */
export function findOutliers(
  runs: readonly { readonly real: number; readonly cpu: number }[],
  coldStart: boolean,
): Outlier[] {
  const { outliers } = summarize(runs.map(({ real }) => real));
  const real = median(runs.map((run) => run.real));
  const cpu = median(runs.map((run) => run.cpu));
  const slow = outliers.filter((run) => runs[run].real > real);
  return outliers.map((run) => {
    if (runs[run].real < real) return { run, cause: 'faster' };
    const computed = runs[run].cpu - cpu >= COMPUTED_SHARE * (runs[run].real - real);
    if (coldStart && run === 0 && slow.length === 1) return { run, cause: 'cold' };
    return { run, cause: computed ? 'computed' : 'waited' };
  });
}
