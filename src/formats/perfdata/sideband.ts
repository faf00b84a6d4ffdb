/**
 * The bodies of the records that tell of processes and their memory, as they lie between a record's
 * header and its `sample_id` (include/uapi/linux/perf_event.h). They are the same in a file and in the
 * kernel's ring buffer. Records of the kernel's own code are in kernel-code.ts, those of counters and
 * hardware traces in counters.ts.
 */
import type { Cursor } from '../../base/cursor.js';
import type { Address } from '../../base/units.js';
import { PerfMisc, PerfRecord, PROT_EXEC } from './spec.js';

export interface MmapRecord {
  readonly pid: number;
  readonly tid: number;
  readonly start: Address;
  readonly length: number;
  readonly pgoff: number;
  readonly path: string;
  readonly executable: boolean;
  /** Hexadecimal, where the kernel put it there instead of the inode. */
  readonly buildId: string | undefined;
  /** Device, inode and its generation, which tell files of one path apart; absent of MMAP. */
  readonly inode: string | undefined;
  /** `PROT_*` and `MAP_*`; 0 of MMAP. */
  readonly prot: number;
  readonly flags: number;
}

export interface CommRecord {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  /** Whether `execve` set the name. */
  readonly exec: boolean;
}

export interface ForkRecord {
  readonly pid: number;
  readonly parentPid: number;
  readonly tid: number;
  readonly parentTid: number;
  /** perf's own mark on records that it made up for processes that ran before the recording. */
  readonly synthesized: boolean;
}

/** MMAP and MMAP2. @throws FormatError where the body is too short; so do the others below. */
export function readMmap(body: Cursor, type: number, misc: number): MmapRecord {
  const pid = body.i32();
  const tid = body.i32();
  const start = body.address();
  const length = body.address();
  const pgoff = body.address();
  let buildId: string | undefined;
  let inode: string | undefined;
  let executable = (misc & PerfMisc.MMAP_DATA) === 0;
  let prot = 0;
  let flags = 0;
  if (type === PerfRecord.MMAP2) {
    if ((misc & PerfMisc.MMAP_BUILD_ID) !== 0) {
      const size = Math.min(body.u8(), 20);
      body.skip(3);
      buildId = Buffer.from(body.take(20).subarray(0, size)).toString('hex');
    } else {
      inode = `${body.u32()}:${body.u32()} ${body.u64big()} ${body.u64big()}`;
    }
    prot = body.u32();
    flags = body.u32();
    executable = (prot & PROT_EXEC) !== 0;
  }
  const path = body.fixedString(body.remaining);
  return { pid, tid, start, length, pgoff, path, executable, buildId, inode, prot, flags };
}

export function readComm(body: Cursor, misc: number): CommRecord {
  return {
    pid: body.i32(),
    tid: body.i32(),
    comm: body.fixedString(body.remaining),
    exec: (misc & PerfMisc.COMM_EXEC) !== 0,
  };
}

/** FORK and EXIT. */
export function readFork(body: Cursor, misc: number): ForkRecord {
  const pid = body.i32();
  const parentPid = body.i32();
  const tid = body.i32();
  const parentTid = body.i32();
  return { pid, parentPid, tid, parentTid, synthesized: (misc & PerfMisc.FORK_EXEC) !== 0 };
}

/** SWITCH and SWITCH_CPU_WIDE: a thread left a CPU or came to it. */
export interface SwitchRecord {
  /** Whether the thread of the `sample_id` left the CPU; else it came. */
  readonly out: boolean;
  /** Whether it left though it could have gone on. */
  readonly preempted: boolean;
  /** The other thread, which came or left: of SWITCH_CPU_WIDE alone; else -1. */
  readonly otherPid: number;
  readonly otherTid: number;
}

export function readSwitch(body: Cursor, type: number, misc: number): SwitchRecord {
  const isWide = type === PerfRecord.SWITCH_CPU_WIDE;
  return {
    out: (misc & PerfMisc.SWITCH_OUT) !== 0,
    preempted: (misc & PerfMisc.SWITCH_OUT_PREEMPT) !== 0,
    otherPid: isWide ? body.i32() : -1,
    otherTid: isWide ? body.i32() : -1,
  };
}

/** NAMESPACES: `NET`, `UTS`, `IPC`, `PID`, `USER`, `MNT`, `CGROUP` by their inode. */
export interface NamespacesRecord {
  readonly pid: number;
  readonly tid: number;
  /** In the order of `NAMESPACE_NAMES`; a newer kernel may have more. */
  readonly namespaces: readonly { readonly device: number; readonly inode: number }[];
}

/** perf's names, in the order in which the kernel lists them. */
export const NAMESPACE_NAMES = ['net', 'uts', 'ipc', 'pid', 'user', 'mnt', 'cgroup'] as const;

export function readNamespaces(body: Cursor): NamespacesRecord {
  const pid = body.i32();
  const tid = body.i32();
  const count = body.u64();
  body.need(count * 16);
  const namespaces = Array.from({ length: count }, () => ({
    device: Number(body.u64big()),
    inode: Number(body.u64big()),
  }));
  return { pid, tid, namespaces };
}

/** CGROUP: the path of a control group that samples name by ID. */
export function readCgroup(body: Cursor): { readonly id: number; readonly path: string } {
  return { id: Number(body.u64big()), path: body.fixedString(body.remaining) };
}

/** CALLCHAIN_DEFERRED: the user part of the chains of samples that end with this cookie. */
export interface DeferredCallchain {
  readonly cookie: bigint;
  readonly addresses: readonly Address[];
}

export function readCallchainDeferred(body: Cursor): DeferredCallchain {
  const cookie = body.u64big();
  const count = body.u64();
  body.need(count * 8);
  return { cookie, addresses: Array.from({ length: count }, () => body.address()) };
}

/** How many records or samples the kernel dropped: LOST, LOST_SAMPLES. */
export function readLost(body: Cursor, type: number): number {
  if (type === PerfRecord.LOST) body.skip(8); // id
  return Number(body.u64big());
}
