/**
 * When a command's `exec` was, by the kernel's own word.
 *
 * To make a process of Node.js takes a millisecond or more, which is not the command's, and we are told of
 * its `exec` some time later. So events that count nothing are inherited by the command as the counters
 * are, one a CPU, as only such can be mapped: their rings get a record of the `exec`. They are closed then.
 */
import type { Nanoseconds } from '../base/units.js';
import { encodeAttr } from '../formats/perfdata/attr.js';
import {
  PerfCountSw,
  PerfMisc,
  PerfRecord,
  PerfSample,
  PerfType,
} from '../formats/perfdata/spec.js';
import { unmapMemory } from '../linux/memory.js';
import { SystemCallError, closeEvent, openEvent } from '../linux/perf-event.js';
import { Ring, mapRing, type RingMemory } from '../linux/ring.js';
import { onlineCpus, pageSize } from '../linux/system.js';

const CLOCK_MONOTONIC = 1;
/** The `pid` of perf_event_open(2) for the caller. */
const THIS_THREAD = 0;
/** `struct perf_event_header`: u32 type, u16 misc, u16 size; then, in a COMM record, u32 pid. */
const HEADER_BYTES = 8;

export class ExecClock {
  private readonly rings: RingMemory[] = [];

  /** Watches what this thread starts from now on; not where the kernel refuses: nothing depends on it. */
  constructor() {
    const attr = encodeAttr({
      type: PerfType.SOFTWARE,
      config: BigInt(PerfCountSw.DUMMY),
      sample_type: PerfSample.TIME,
      clockid: CLOCK_MONOTONIC,
      flags: {
        disabled: true,
        inherit: true,
        enable_on_exec: true,
        comm: true,
        comm_exec: true,
        sample_id_all: true,
        use_clockid: true,
        exclude_kernel: true,
        exclude_hv: true,
      },
    });
    const page = pageSize();
    try {
      for (const cpu of onlineCpus()) {
        const fd = openEvent(attr, THIS_THREAD, cpu);
        try {
          this.rings.push(mapRing(fd, cpu, page, page));
        } catch (error) {
          closeEvent(fd);
          throw error;
        }
      }
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
    }
  }

  /** The time of the first `exec` of a process, CLOCK_MONOTONIC; `undefined` where no record tells of it. */
  timeOf(pid: number): Nanoseconds | undefined {
    const times = this.rings.flatMap((memory) => execTimes(new Ring(memory), pid));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Stops watching, in the started processes, too. */
  close(): void {
    for (const ring of this.rings.splice(0)) {
      unmapMemory(ring);
      closeEvent(ring.fd);
    }
  }
}

/** Nothing has been taken from the ring: it holds its first records, and no others once it is full. */
function execTimes(ring: Ring, pid: number): Nanoseconds[] {
  const { buffer, byteOffset } = ring.bytes;
  const view = new DataView(buffer, byteOffset, ring.size);
  const filled = Math.min(ring.available(), ring.size);
  const times: Nanoseconds[] = [];
  for (let at = 0, size = 0; at + HEADER_BYTES < filled; at += size) {
    size = view.getUint16(at + 6, true);
    if (size <= HEADER_BYTES || at + size > filled) break;
    const isExec =
      view.getUint32(at, true) === PerfRecord.COMM &&
      (view.getUint16(at + 4, true) & PerfMisc.COMM_EXEC) !== 0;
    // The time is the record's last word (`sample_id_all`).
    if (isExec && view.getUint32(at + HEADER_BYTES, true) === pid) {
      times.push(Number(view.getBigUint64(at + size - 8, true)));
    }
  }
  return times;
}
