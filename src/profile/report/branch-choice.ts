/** Whether rows of a report are of branches, or of samples. */
import { StrataError } from '../../base/errors.js';
import { plural } from '../../base/units.js';
import type { Profile } from '../profile.js';
import { keepSamples } from '../selection/filter.js';
import { totalsOf, type Total } from './report.js';

/**
 * The profile with its branches, each sample weighing as many as it has, or without them.
 * @param wanted by default branches are shown where any are left, as perf does, but not of recordings with
 *   copies of stacks
 * @throws StrataError where they are wanted and there are none
 */
export function chooseBranches(profile: Profile, wanted: boolean | undefined): Profile {
  const { branches, samples, events, notes } = profile;
  if (wanted === true && (branches?.taken.length ?? 0) === 0) {
    throw new StrataError(
      'the recording has no branches',
      'strata record -b records them, where the CPU can',
    );
  }
  const usual = !events.some(({ copiedStacks }) => copiedStacks);
  if (branches === undefined || !(wanted ?? usual)) return { ...profile, branches: undefined };

  const { first } = branches;
  const weight = new Float64Array(samples.length);
  for (let sample = 0; sample < samples.length; sample++) {
    const stack = samples.branches?.[sample] ?? -1;
    if (stack >= 0) weight[sample] = first[stack + 1] - first[stack];
  }
  const counted = keepSamples(
    {
      ...profile,
      samples: { ...samples, weight },
      events: events.map((event) => ({ ...event, unit: 'count' as const })),
    },
    (sample) => weight[sample] > 0,
  );
  if (counted.samples.length === 0 && wanted !== true) return { ...profile, branches: undefined };
  const without = samples.length - counted.samples.length;
  const left = without === 0 ? '' : `; ${plural(without, 'sample')} without any are left out`;
  const text = `rows are of branches: --no-branch-stack shows samples${left}`;
  return { ...counted, notes: [...notes, { text }] };
}

/** By event, how many branches there are. */
export function branchTotals(profile: Profile): Total[] {
  return totalsOf(profile).map(({ weight }) => ({ weight, samples: weight }));
}
