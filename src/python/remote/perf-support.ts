/** Perf support of CPython, switched on in a running process. */

/** What was switched on. */
export interface PerfSupport {
  /** Whether it was on already; then it is not switched off. */
  readonly wasActive: boolean;
  /**
   * Switches it off where it was off before, once the process's perf map has been read: that file goes, too.
   * A process that has ended meanwhile is no error.
   * @returns what could not be undone, as a sentence
   */
  disable(): Promise<string | undefined>;
}

/**
 * Switches perf support on in a process that runs CPython 3.14 or later.
 * @throws StrataError with the reason, and what mends it, where that is not possible
 */
export async function enablePerfSupport(pid: number): Promise<PerfSupport> {
  return Promise.reject(new Error(`not yet: ${pid}`));
}
