/** `strata record`: samples a command, running processes or the whole machine. */
import { runRecord } from '../record/record.js';
import type { RecordOptions } from '../record/options.js';

/** @returns the profiled program's own exit code, or 128 + the signal that ended it; 0 without a program */
export function record(options: RecordOptions): Promise<number> {
  // Where the options give them no meaning, and before and after they have it: SIGUSR2 would end the recorder,
  // but not the command, and SIGUSR1 open a port of Node.js's debugger.
  for (const name of ['SIGUSR1', 'SIGUSR2'] as const) process.on(name, () => undefined);
  return runRecord(options);
}
