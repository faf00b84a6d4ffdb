/** What of a recording `strata report` makes rows of, in text and in the browser. */
import type { Profile } from '../profile/profile.js';
import { branchTotals, chooseBranches } from '../profile/report/branch-choice.js';
import { DEFAULT_PARENT, parentsOf } from '../profile/report/key-columns.js';
import { totalsOf, type Total } from '../profile/report/report.js';
import { filterSamples, keepSamples } from '../profile/selection/filter.js';
import { requireSamples, selectFrom } from './input.js';
import type { ReportOptions } from './options/report.js';

/** How rows and call graphs of them are made; what percentages are of is known with the samples. */
export function reportChoice({ rows, graph, selection, percentLimit }: ReportOptions) {
  return {
    ...rows,
    comms: selection.comms,
    percentLimit,
    chain: graph.type === 'none' ? 'none' : graph.order,
    chainKey: graph.key,
    maxStack: graph.maxStack,
    // As with perf, one limit is for both where only one is given.
    graph: { ...graph, limit: graph.limit ?? (percentLimit > 0 ? percentLimit : 0.5) },
  } as const;
}

/**
 * The samples that rows are made of. As with perf, percentages are also of the samples of other commands,
 * processes and threads.
 * @throws StrataError where there are no samples of what was asked for
 */
export function chooseRows(
  read: Profile,
  options: ReportOptions,
): { profile: Profile; whole: Total[] } {
  const { pids, tids, comms, ...rest } = options.selection;
  // Turned around are the call graphs, not the stacks: see graphChoice.
  const selection = { ...rest, invert: false };
  const selected = selectFrom(read, { ...options, selection }).profile;
  const profile = chooseBranches(selected, options.rows.branchStack);
  requireSamples(profile, selected, options.input);
  const whole = profile.branches === undefined ? totalsOf(profile) : branchTotals(profile);
  const chosen = filterSamples(profile, { pids, tids, comms });
  const { excludeOther, parent } = options.rows;
  const shown = excludeOther ? withParent(chosen, parent) : chosen;
  requireSamples(shown, profile, options.input);
  return { profile: shown, whole };
}

function withParent(profile: Profile, pattern = DEFAULT_PARENT): Profile {
  const parents = parentsOf(profile, { pattern, which: 'outermost' });
  return keepSamples(profile, (sample) => parents[sample] >= 0);
}
