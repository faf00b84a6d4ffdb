/** `--filter`: which of a tracepoint's events count. */
import { usageError } from '../../base/errors.js';
import { Tracefs } from '../../linux/events/tracepoints.js';
import { filterEvent, SystemCallError } from '../../linux/perf-event.js';

/**
 * Sets the filter of a tracepoint's event.
 * @throws StrataError (exit code 2) where the kernel does not understand it
 */
export function setFilter(fd: number, name: string, filter: string): void {
  try {
    filterEvent(fd, filter);
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== 'EINVAL') throw error;
    const fields = new Tracefs().fields(name);
    throw usageError(
      `the kernel does not understand the filter ${filter} of '${name}'`,
      `its fields are: ${fields.join(', ')}`,
    );
  }
}
