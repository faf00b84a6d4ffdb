/** `strata record`: samples a command, running processes or the whole machine. */
import { runRecord } from '../record/record.js';
import type { RecordOptions } from '../record/options.js';

/** @returns the profiled program's own exit code, or 128 + the signal that ended it; 0 without a program */
export function record(options: RecordOptions): Promise<number> {
  return runRecord(options);
}
