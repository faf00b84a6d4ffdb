/** `strata record`: runs a command and samples it. */
import { ExitCode, StrataError } from '../base/errors.js';
import { runRecord } from '../record/record.js';
import type { RecordOptions } from '../record/options.js';

/** @returns the profiled program's own exit code, or 128 + the signal that ended it */
export function record(options: RecordOptions): Promise<number> {
  if (options.command.length === 0) {
    throw new StrataError(
      'record needs a command to run',
      'for example: strata record python app.py',
      ExitCode.Usage,
    );
  }
  return runRecord(options);
}
