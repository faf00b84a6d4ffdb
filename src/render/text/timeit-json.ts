/** Repeated runs as data. Times are nanoseconds per execution. */
import type { Contestant } from '../../measure/contest.js';
import { findOutliers } from '../../measure/outliers.js';
import { pairedRatio } from '../../measure/ratio.js';
import { summarize } from '../../measure/statistics.js';
import { nameOf, timesOf } from './timeit.js';

/** All runs, what they say together, and of each contestant after the first how it compares to the first. */
export function timeitJson(contestants: readonly Contestant[], interrupted: boolean): object {
  const measured = contestants.filter(({ runs }) => runs.length > 0);
  const [first] = contestants;
  return {
    interrupted,
    contestants: measured.map((contestant) => {
      const { subject, loops, runs } = contestant;
      return {
        name: nameOf(contestants.indexOf(contestant)),
        ...subject,
        loops,
        ...(runs[0].version === undefined ? {} : { version: runs[0].version }),
        summary: {
          ...summarize(timesOf(contestant)),
          outliers: findOutliers(runs, subject.kind === 'command'),
        },
        runs: runs.map(({ real, cpu, code }) => ({
          real: real / loops,
          cpu: cpu / loops,
          ...(code === undefined ? {} : { code }),
        })),
      };
    }),
    comparisons: measured
      .filter((contestant) => contestant !== first && first.runs.length > 0)
      .map((contestant) => ({
        // How many times as long the numerator takes as the denominator.
        numerator: nameOf(0),
        denominator: nameOf(contestants.indexOf(contestant)),
        ...pairedRatio(timesOf(first), timesOf(contestant)),
      })),
  };
}
