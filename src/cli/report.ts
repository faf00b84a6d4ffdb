/** `strata report`: functions by their cost, in perf's layout. */
import { ExitCode } from '../base/errors.js';
import { writeReport } from '../render/text/report.js';
import { readInput } from './input.js';
import type { ReportOptions } from './options/report.js';
import { printToStdout } from './output.js';

export function report(options: ReportOptions): number {
  const { children, showCounts, percentLimit, graph, sort } = options;
  const lines = sort?.some((key) => key === 'srcline' || key === 'srcfile') === true;
  const profile = readInput({ ...options, lines });
  printToStdout((sink) =>
    writeReport(
      profile,
      {
        children,
        ...(sort === undefined ? {} : { sort }),
        samples: showCounts,
        percentLimit,
        callGraph: graph.order,
        // As with perf, one limit is for both where only one is given.
        graphLimit: graph.limit ?? (percentLimit > 0 ? percentLimit : 0.5),
      },
      sink,
    ),
  );
  return ExitCode.Done;
}
