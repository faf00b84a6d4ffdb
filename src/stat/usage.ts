/** CPU time, by getrusage(2). */
import type { Nanoseconds } from '../base/units.js';
import { libc } from '../linux/libc.js';

export interface CpuTimes {
  readonly user: Nanoseconds;
  readonly system: Nanoseconds;
}

const RUSAGE_CHILDREN = -1;
/** `struct rusage`: two times of seconds and microseconds, and 14 longs. */
const RUSAGE_BYTES = 16 + 16 + 14 * 8;

/** Of all children that have ended, and of those that they waited for. */
export function childrenTimes(): CpuTimes {
  const bytes = new Uint8Array(RUSAGE_BYTES);
  libc().getrusage(RUSAGE_CHILDREN, bytes);
  const view = new DataView(bytes.buffer);
  const time = (at: number): Nanoseconds =>
    Number(view.getBigInt64(at, true)) * 1e9 + Number(view.getBigInt64(at + 8, true)) * 1e3;
  return { user: time(0), system: time(16) };
}
