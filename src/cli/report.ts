/** `strata report`: functions by their cost, in perf's layout. */
import { ExitCode } from '../base/errors.js';
import { writeReportData } from '../render/report-data.js';
import { writeReport } from '../render/text/report.js';
import { readProfile } from './input.js';
import type { ReportOptions } from './options/report.js';
import { printToStdout } from './output.js';
import { chooseRows } from './report-input.js';
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
