/**
 * Records of what ran before the recording: the kernel tells only of what changes. They are those that
 * perf makes up for it (tools/perf/util/synthetic-events.c), with a time of 0, before all else.
 */

/** What was told of. */
export interface Synthesized {
  readonly processes: number;
  readonly threads: number;
  /** Processes whose mappings this user may not read. */
  readonly unreadable: readonly number[];
}

/**
 * Tells of running processes by FORK and COMM for each thread and an MMAP2 for each executable mapping.
 * @param pids processes, or all of the machine, its idle threads (pid 0) among them
 * @param emit takes one record at a time, which is good until it returns: little-endian, at most 64 KiB
 * @param idSize bytes of zeros at each record's end: the `sample_id`
 */
export function synthesize(
  pids: Iterable<number> | 'all',
  emit: (record: Uint8Array) => void,
  idSize: number,
): Synthesized {
  void [pids, emit, idSize];
  return { processes: 0, threads: 0, unreadable: [] };
}
