/** What processes have used by the kernel's account: wait4(2), getrusage(2). */
import type { Bytes, Nanoseconds } from '../base/units.js';
import { libc } from './libc.js';

export interface ResourceUsage {
  /** CPU time of the program's own code, and of the kernel for it. */
  readonly user: Nanoseconds;
  readonly system: Nanoseconds;
  /** The most memory that one process had in RAM at a time: of several processes the greatest, no sum. */
  readonly peakMemory: Bytes;
  /** Page faults that needed no I/O, and those that did. */
  readonly minorFaults: number;
  readonly majorFaults: number;
  /** What was read from and written to block devices: not what the page cache answered. */
  readonly read: Bytes;
  readonly written: Bytes;
  /** Switches away because it waited, and because another was to run. */
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

/** Bytes of `struct rusage` on 64-bit machines (include/uapi/linux/resource.h): 18 longs. */
const SIZE = 144;
/** `ru_inblock` and `ru_oublock` count sectors (include/linux/task_io_accounting_ops.h). */
const SECTOR = 512;

/** How a child ended: see wait4(2). */
export interface EndedChild {
  /** Its exit code, or 128 + the number of the signal that ended it, as shells have it. */
  readonly code: number;
  /** The signal that ended it. */
  readonly signal: number | undefined;
  /** Its own and of those of its children that it waited for. */
  readonly usage: ResourceUsage;
}

/** Waits on a thread of its own until a child of ours ends that Node.js does not know of. */
export async function waitForChild(pid: number): Promise<EndedChild> {
  const status = new Int32Array(1);
  const usage = new Uint8Array(SIZE);
  const got = await new Promise<number>((resolve, reject) => {
    const { wait4 } = libc();
    wait4.async(pid, new Uint8Array(status.buffer), 0, usage, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
  if (got !== pid) throw new Error(`wait4 of ${pid} gave ${got}`);
  const signal = status[0] & 0x7f;
  return {
    code: signal === 0 ? (status[0] >> 8) & 0xff : 128 + signal,
    signal: signal === 0 ? undefined : signal,
    usage: readUsage(usage),
  };
}

function readUsage(bytes: Uint8Array): ResourceUsage {
  const view = new DataView(bytes.buffer);
  const long = (index: number): number => Number(view.getBigInt64(8 * index, true));
  return {
    user: long(0) * 1e9 + long(1) * 1000,
    system: long(2) * 1e9 + long(3) * 1000,
    peakMemory: long(4) * 1024,
    minorFaults: long(8),
    majorFaults: long(9),
    read: long(11) * SECTOR,
    written: long(12) * SECTOR,
    voluntarySwitches: long(16),
    involuntarySwitches: long(17),
  };
}
