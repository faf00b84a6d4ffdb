/** `strata report`: functions by their cost, in perf's layout. */
import { ExitCode, StrataError } from '../base/errors.js';
import { filterSamples, keepSamples } from '../profile/selection/filter.js';
import { DEFAULT_PARENT, parentsOf } from '../profile/report/key-columns.js';
import type { Profile } from '../profile/profile.js';
import { totalsOf, type Total } from '../profile/report/report.js';
import { writeReportData } from '../render/report-data.js';
import { writeReport } from '../render/text/report.js';
import { readProfile, selectFrom } from './input.js';
import type { ReportOptions } from './options/report.js';
import { printToStdout } from './output.js';
import { canBrowse } from './terminal.js';

/** Shows the rows in the terminal browser, or prints them where there is nobody to browse. */
export async function report(options: ReportOptions): Promise<number> {
  const { form, input } = options;
  if (form === 'tui' || (form === undefined && input !== '-' && canBrowse())) {
    return (await import('./browse.js')).browse(options);
  }
  const { rows, percentLimit, graph } = options;
  const asked = [...(rows.sort?.fields ?? []), ...(rows.fields?.fields ?? [])];
  const lines =
    asked.some((key) => key === 'srcline' || key === 'srcfile') ||
    (graph.key !== undefined && graph.key !== 'function');
  const { profile, whole } = chooseRows(readProfile({ ...options, lines }), options);
  const printed = {
    ...rows,
    comms: options.selection.comms,
    whole,
    percentLimit,
    chain: graph.type === 'none' ? 'none' : graph.order,
    chainKey: graph.key,
    maxStack: graph.maxStack,
    // As with perf, one limit is for both where only one is given.
    graph: { ...graph, limit: graph.limit ?? (percentLimit > 0 ? percentLimit : 0.5) },
  } as const;
  printToStdout((sink) => {
    if (form === 'json' || form === 'csv') {
      writeReportData(profile, { ...printed, format: form }, sink);
    } else {
      writeReport(profile, printed, sink);
    }
  });
  return ExitCode.Done;
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
  const { profile } = selectFrom(read, { ...options, selection });
  const whole = totalsOf(profile);
  const chosen = filterSamples(profile, { pids, tids, comms });
  const { excludeOther, parent } = options.rows;
  const shown = excludeOther ? withParent(chosen, parent) : chosen;
  if (shown.samples.length === 0 && profile.samples.length > 0) {
    throw new StrataError(
      `${options.input} has no samples of what was asked for`,
      'it has some: the options that choose among them leave none',
    );
  }
  return { profile: shown, whole };
}

function withParent(profile: Profile, pattern = DEFAULT_PARENT): Profile {
  const parents = parentsOf(profile, { pattern, which: 'outermost' });
  return keepSamples(profile, (sample) => parents[sample] >= 0);
}
