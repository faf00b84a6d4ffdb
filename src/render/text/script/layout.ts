/**
 * What `perf script` changed in its layout over the years. A recording is printed as the perf that
 * recorded it would print it, so that the two can be compared line by line.
 */

export interface Layout {
  /** Columns of a process's or thread's number. */
  readonly idWidth: 5 | 7;
  /**
   * Whether user space's addresses in call chains are places in the file instead of in memory: so from
   * Linux 5.16 ("perf script: Show binary offsets for userspace addr") until 6.4 ("Print raw ip instead
   * of binary offset for callchain").
   */
  readonly fileOffsets: boolean;
}

/** Of recordings that perf did not make: the layout of Linux 6.1, which is kept for the longest time. */
const DEFAULT_VERSION = [6, 1] as const;

/** @param version of perf: `6.1.187`, `5.10.0-8`; another program's names none */
export function layoutOf(version: string): Layout {
  const match = /^(\d{1,4})\.(\d{1,4})/.exec(version);
  const [major, minor] = match === null ? DEFAULT_VERSION : [Number(match[1]), Number(match[2])];
  const isSince = (a: number, b: number): boolean => major > a || (major === a && minor >= b);
  return {
    idWidth: isSince(6, 5) ? 7 : 5, // "perf script: Increase PID/TID width for output"
    fileOffsets: isSince(5, 16) && !isSince(6, 4),
  };
}
