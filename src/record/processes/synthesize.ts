/**
 * Records of what ran before the recording: the kernel tells only of what changes. They are those that
 * perf makes up for it (tools/perf/util/synthetic-events.c), with a time of 0, to stand before all others.
 */
import { addressHigh, addressLow, parseAddress, type Address } from '../../base/units.js';
import { PerfMisc, PerfRecord, PROT_EXEC } from '../../formats/perfdata/spec.js';
import { ProcReader, listProcesses, threadsOf } from '../../linux/proc.js';
import { readLink } from '../../linux/system.js';
import { MappedBuildIds } from './mapped-build-ids.js';

/** What was told of. */
export interface Synthesized {
  readonly processes: number;
  readonly threads: number;
  /** Processes whose mappings this user may not read. */
  readonly unreadable: readonly number[];
}

/** Takes one record: its bytes are good until it returns, and start at a multiple of 8. */
export type Emit = (record: Uint8Array) => void;

/**
 * Tells of running processes: of each FORK and COMM, of its other threads, too, and an MMAP2 for each
 * executable mapping. What has ended is left out.
 * @param pids processes, or all of the machine, the CPUs' idle threads (pid 0) among them
 * @param emit is called with each record: little-endian, at most 64 KiB
 * @param idSize bytes of zeros that end a record: the `sample_id`
 */
export function synthesize(
  pids: Iterable<number> | 'all',
  emit: Emit,
  idSize: number,
): Synthesized {
  const synthesis = new Synthesis(emit, idSize);
  if (pids === 'all') {
    synthesis.comm(0, 0, Buffer.from('swapper'));
    pids = listProcesses().sort((a, b) => a - b);
  }
  for (const pid of pids) synthesis.process(pid);
  return synthesis;
}

/** `PF_KTHREAD` of include/linux/sched.h, in field 9 of /proc/PID/stat. */
const PF_KTHREAD = 0x200000;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;

const NEWLINE = 0x0a;
const SPACE = 0x20;
const LETTER_X = 0x78;

/** A longer name than any path of the kernel's. */
const MAX_NAME = 4096;
const COMM_NAME = 16;
/** In an MMAP2 record device, inode and its generation lie here, or a build ID in their place. */
const MMAP2_FILE = 40;
const MMAP2_FILE_END = 64;
const MMAP2_NAME = 72;

/** A line of /proc/PID/maps up to the name, which may hold any bytes. */
const MAPPING =
  /^([0-9a-f]+)-([0-9a-f]+) (r|-)(w|-)x(s|p) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) */;
/** No line has more before the name. */
const MAPPING_HEAD = 128;

class Synthesis implements Synthesized {
  processes = 0;
  threads = 0;
  readonly unreadable: number[] = [];
  private readonly proc = new ProcReader();
  private readonly buildIds = new MappedBuildIds();
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(
    private readonly emit: Emit,
    private readonly idSize: number,
  ) {
    this.bytes = new Uint8Array(MMAP2_NAME + MAX_NAME + 8 + idSize);
    this.view = new DataView(this.bytes.buffer);
  }

  process(pid: number): void {
    const stat = this.proc.read(`/proc/${pid}/task/${pid}/stat`);
    if (stat === undefined) return;
    // proc_pid_stat(5): pid (comm) state ppid pgrp session tty_nr tpgid flags …, num_threads the 20th
    const commEnd = stat.lastIndexOf(')');
    const [state, parentPid, , , , , flags, , , , , , , , , , , threads] = stat
      .toString('latin1', commEnd + 2)
      .split(' ');
    this.processes++;
    this.threads++;
    this.fork(pid, pid, Number(parentPid));
    this.comm(pid, pid, stat.subarray(stat.indexOf('(') + 1, commEnd));
    if (Number(threads) > 1) this.otherThreads(pid);
    if ((Number(flags) & PF_KTHREAD) === 0 && state !== 'Z') this.mappings(pid);
  }

  /** COMM */
  comm(pid: number, tid: number, name: Uint8Array): void {
    this.view.setInt32(8, pid, true);
    this.view.setInt32(12, tid, true);
    this.finish(PerfRecord.COMM, 0, this.putName(COMM_NAME, name));
  }

  /** FORK, with the mark by which perf tells that the child has mappings of its own. */
  private fork(pid: number, tid: number, parentPid: number): void {
    const { view } = this;
    view.setInt32(8, pid, true);
    view.setInt32(12, parentPid, true);
    view.setInt32(16, tid, true);
    view.setInt32(20, parentPid, true);
    view.setBigUint64(24, 0n, true); // time
    this.finish(PerfRecord.FORK, PerfMisc.FORK_EXEC, 32);
  }

  private otherThreads(pid: number): void {
    for (const tid of threadsOf(pid)) {
      const name = tid === pid ? undefined : this.proc.read(`/proc/${pid}/task/${tid}/comm`);
      if (name === undefined) continue;
      this.threads++;
      this.fork(pid, tid, pid);
      this.comm(pid, tid, name.subarray(0, -1)); // without its newline
    }
  }

  private mappings(pid: number): void {
    const maps = this.proc.read(`/proc/${pid}/maps`);
    const root = maps && readLink(`/proc/${pid}/root`);
    if (maps === undefined || root === undefined) {
      this.unreadable.push(pid);
      return;
    }
    for (let at = 0; at < maps.byteLength;) {
      const lineEnd = maps.indexOf(NEWLINE, at);
      const end = lineEnd < 0 ? maps.byteLength : lineEnd;
      // `start-end rwxp`: most are not executable, which is seen without reading more.
      if (maps[maps.indexOf(SPACE, at) + 3] === LETTER_X) this.mapping(pid, maps, at, end, root);
      at = end + 1;
    }
  }

  /** MMAP2 of the line of /proc/PID/maps in `maps[at..end)`. */
  private mapping(pid: number, maps: Buffer, at: number, end: number, root: string): void {
    const head = MAPPING.exec(maps.toString('latin1', at, Math.min(end, at + MAPPING_HEAD)));
    if (head === null) return;
    const [{ length }, first, last, read, write, shared, offset, major, minor, inode] = head;
    const start = parseAddress(first) ?? 0;
    const name = nameAsInRecords(maps.subarray(at + length, end), root);
    const { view, bytes } = this;
    view.setInt32(8, pid, true);
    view.setInt32(12, pid, true);
    this.setAddress(16, start);
    this.setAddress(24, (parseAddress(last) ?? 0) - start);
    this.setAddress(32, parseAddress(offset) ?? 0);
    bytes.fill(0, MMAP2_FILE, MMAP2_FILE_END);
    const buildId = this.buildIds.find(`${major}:${minor} ${inode}`, pid, `${first}-${last}`, name);
    if (buildId !== undefined) {
      bytes[MMAP2_FILE] = buildId.byteLength;
      bytes.set(buildId, MMAP2_FILE + 4);
    } else {
      view.setUint32(40, Number.parseInt(major, 16), true);
      view.setUint32(44, Number.parseInt(minor, 16), true);
      view.setBigUint64(48, BigInt(inode), true); // its generation is not told
    }
    const protection = (read === 'r' ? PROT_READ : 0) | (write === 'w' ? PROT_WRITE : 0);
    view.setUint32(64, protection | PROT_EXEC, true);
    view.setUint32(68, shared === 's' ? MAP_SHARED : MAP_PRIVATE, true);
    const misc = PerfMisc.USER | (buildId === undefined ? 0 : PerfMisc.MMAP_BUILD_ID);
    this.finish(PerfRecord.MMAP2, misc, this.putName(MMAP2_NAME, name));
  }

  /** Puts a name and zeros to a multiple of 8. @returns where they end */
  private putName(at: number, name: Uint8Array): number {
    const kept = name.subarray(0, MAX_NAME);
    const end = at + ((kept.byteLength + 8) & ~7);
    this.bytes.set(kept, at);
    this.bytes.fill(0, at + kept.byteLength, end);
    return end;
  }

  private setAddress(at: number, address: Address): void {
    this.view.setUint32(at, addressLow(address), true);
    this.view.setUint32(at + 4, addressHigh(address), true);
  }

  private finish(type: number, misc: number, end: number): void {
    const size = end + this.idSize;
    this.bytes.fill(0, end, size);
    this.view.setUint32(0, type, true);
    this.view.setUint16(4, misc, true);
    this.view.setUint16(6, size, true);
    this.emit(this.bytes.subarray(0, size));
  }
}

const ANONYMOUS = Buffer.from('//anon');

/**
 * The name that the kernel's own record of a mapping would have:
 * - memory without a file is `//anon`, also where the program named it (`[anon:…]`);
 * - a newline is no `\012`, which is the one character that /proc writes so;
 * - paths begin at the process's own root folder, while those of /proc begin at the reader's.
 */
function nameAsInRecords(name: Buffer, root: string): Buffer {
  const text = name.toString('latin1');
  if (text === '' || text.startsWith('[anon:')) return ANONYMOUS;
  const whole = text.replaceAll('\\012', '\n');
  const prefix = root === '/' ? '' : Buffer.from(root).toString('latin1');
  const inside = whole.startsWith(`${prefix}/`) ? whole.slice(prefix.length) : whole;
  return inside === text ? name : Buffer.from(inside, 'latin1');
}
