/** `strata report`: functions by their cost, in perf's layout. */
import { ExitCode } from '../base/errors.js';
import { needsLines } from '../profile/report/sort-keys.js';
import { writeReportData } from '../render/report-data.js';
import { writeReport } from '../render/text/report.js';
import { readProfile } from './input.js';
import type { ReportOptions } from './options/report.js';
import { printToStdout } from './output.js';
import { chooseRows, reportChoice } from './report-input.js';
import { canBrowse } from './terminal.js';

/** Shows the rows in the terminal browser, or prints them where there is nobody to browse. */
export async function report(options: ReportOptions): Promise<number> {
  const { form, input } = options;
  if (form === 'tui' || (form === undefined && input !== '-' && canBrowse())) {
    return (await import('./browse.js')).browse(options);
  }
  const choice = reportChoice(options);
  const read = readProfile({ ...options, lines: needsLines(choice), hardware: true });
  const { profile, whole } = chooseRows(read, options);
  const printed = { ...choice, whole };
  printToStdout((sink) => {
    if (form === 'json' || form === 'csv') {
      writeReportData(profile, { ...printed, format: form }, sink);
    } else {
      writeReport(profile, printed, sink);
    }
  });
  return ExitCode.Done;
}
