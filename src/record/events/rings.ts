/**
 * The kernel's ring buffers of a recording, one a CPU. Each belongs to an event of this process that counts
 * nothing and sleeps, and the recorded events write into it: so a ring does not end with the task whose
 * event came first, and a reader that sleeps on it is not told of tasks that have ended.
 */
import { StrataError } from '../../base/errors.js';
import { formatBytes } from '../../base/units.js';
import { encodeAttr } from '../../formats/perfdata/attr.js';
import { PerfCountSw, PerfType } from '../../formats/perfdata/spec.js';
import { unmapMemory } from '../../linux/memory.js';
import { SystemCallError, THIS_TASK, closeEvent, openEvent } from '../../linux/perf-event.js';
import { mapRing, type RingMemory } from '../../linux/ring.js';
import { pageSize } from '../../linux/system.js';
import { explainRefusal } from './permission.js';

/** `CLOCK_MONOTONIC`: the clock of jitdumps, of Python's `time.monotonic` and of Node's `hrtime`. */
export const CLOCK = 1;

/** What a user with little memory to lock gets at least, or no recording. */
const SMALLEST_RING = 128 * 1024;

export interface Rings {
  readonly memories: readonly RingMemory[];
  /** The event to whose ring the events of a CPU are to write. */
  ownerOf(cpu: number): number;
  close(): void;
}

/**
 * Maps a ring for each CPU: of `wanted` bytes, or as many as the user may lock.
 * @param wanted a power of two
 * @param backward whether the kernel overwrites the oldest records, the latest standing first
 * @param notes gets a sentence where they are smaller than wanted
 * @throws StrataError where the kernel grants none
 */
export function openRings(
  cpus: readonly number[],
  wanted: number,
  backward: boolean,
  notes: string[],
): Rings {
  // What one ring takes another lacks: all of them shrink together until they fit.
  for (let size = wanted; ; size /= 2) {
    const rings = tryRings(cpus, size, backward, size > SMALLEST_RING);
    if (rings === undefined) continue;
    if (size < wanted) {
      notes.push(
        `the buffers hold ${formatBytes(size)} a CPU instead of ${formatBytes(wanted)}, as the user ` +
          'may lock no more memory (kernel.perf_event_mlock_kb or ulimit -l raises it)',
      );
    }
    return rings;
  }
}

/** @returns `undefined` where it is more memory than the user may lock, and less would still be of use */
function tryRings(
  cpus: readonly number[],
  size: number,
  backward: boolean,
  mayShrink: boolean,
): Rings | undefined {
  const owners = new Map<number, number>();
  const memories: RingMemory[] = [];
  const close = (): void => {
    for (const memory of memories) unmapMemory(memory);
    for (const fd of owners.values()) closeEvent(fd);
    memories.length = 0;
    owners.clear();
  };
  const attr = ownerAttr(size, backward);
  const page = pageSize();
  try {
    for (const cpu of cpus) {
      const fd = openEvent(attr, THIS_TASK, cpu);
      owners.set(cpu, fd);
      memories.push(mapRing(fd, size, page, backward));
    }
  } catch (error) {
    close();
    const tooMuch = error instanceof SystemCallError && ['EPERM', 'ENOMEM'].includes(error.code);
    if (tooMuch && error.call === 'mmap' && mayShrink) return undefined;
    throw explainRefusal(error, 'dummy');
  }
  return {
    memories,
    ownerOf: (cpu) => {
      const fd = owners.get(cpu);
      if (fd === undefined) throw new StrataError(`CPU ${cpu} is not among those recorded`);
      return fd;
    },
    close,
  };
}

function ownerAttr(size: number, backward: boolean): Uint8Array {
  return encodeAttr({
    type: PerfType.SOFTWARE,
    config: BigInt(PerfCountSw.DUMMY),
    // A ring wakes its reader when it is a quarter full.
    wakeup_events: size / 4,
    clockid: CLOCK,
    flags: {
      disabled: true,
      exclude_kernel: true,
      exclude_hv: true,
      watermark: true,
      use_clockid: true,
      write_backward: backward,
    },
  });
}
