import type { Nanoseconds } from '../base/units.js';

/** The time of `CLOCK_MONOTONIC`, which the kernel's records and the starter's words carry, too. */
export function now(): Nanoseconds {
  return Number(process.hrtime.bigint());
}
