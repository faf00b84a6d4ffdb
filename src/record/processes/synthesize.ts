/**
 * Records of what ran before the recording: the kernel tells only of what changes. They are those that
 * perf makes up for it (tools/perf/util/synthetic-events.c), with a time of 0, to stand before all others.
 */
import { parseAddress } from '../../base/units.js';
import {
  encodeComm,
  encodeFork,
  encodeMmap2,
  type TaskIds,
} from '../../formats/perfdata/sideband-writer.js';
import {
  MAP_PRIVATE,
  MAP_SHARED,
  PerfMisc,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../../formats/perfdata/spec.js';
import { ProcReader, listProcesses, threadsOf } from '../../linux/proc.js';
import { isRunning, readLink } from '../../linux/system.js';
import { MappedBuildIds } from './mapped-build-ids.js';

/** What was told of. */
export interface Synthesized {
  readonly processes: number;
  readonly threads: number;
  /** Processes whose mappings this user may not read. */
  readonly unreadable: readonly number[];
}

/** Takes one record, which starts its own memory. */
export type Emit = (record: Uint8Array) => void;

/**
 * Tells of running processes: of each FORK and COMM, of its other threads, too, and an MMAP2 for each
 * executable mapping. What has ended is left out.
 * @param pids processes, or all of the machine, the CPUs' idle threads (pid 0) among them
 * @param sampleId what ends each record
 * @returns what was told of
 */
export function synthesize(
  pids: Iterable<number> | 'all',
  emit: Emit,
  sampleId: Uint8Array,
): Synthesized {
  const synthesis = new Synthesis(emit, sampleId);
  if (pids === 'all') {
    synthesis.comm({ pid: 0, tid: 0 }, Buffer.from('swapper'));
    pids = listProcesses().sort((a, b) => a - b);
  }
  for (const pid of pids) synthesis.process(pid);
  return synthesis;
}

/** `PF_KTHREAD` of include/linux/sched.h, in field 9 of /proc/PID/stat. */
const PF_KTHREAD = 0x200000;

const NEWLINE = 0x0a;
const SPACE = 0x20;
const LETTER_X = 0x78;

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

  constructor(
    private readonly emit: Emit,
    private readonly sampleId: Uint8Array,
  ) {}

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
    const leader = { pid, tid: pid };
    this.fork(leader, Number(parentPid));
    this.comm(leader, stat.subarray(stat.indexOf('(') + 1, commEnd));
    if (Number(threads) > 1) this.otherThreads(pid);
    if ((Number(flags) & PF_KTHREAD) === 0 && state !== 'Z') this.mappings(pid);
  }

  comm(task: TaskIds, name: Uint8Array): void {
    this.emit(encodeComm(task, name, this.sampleId));
  }

  /** With the mark by which perf tells that the child has mappings of its own. */
  private fork(task: TaskIds, parentPid: number): void {
    const parent = { pid: parentPid, tid: parentPid };
    this.emit(encodeFork(task, parent, PerfMisc.FORK_EXEC, this.sampleId));
  }

  private otherThreads(pid: number): void {
    for (const tid of threadsOf(pid)) {
      const name = tid === pid ? undefined : this.proc.read(`/proc/${pid}/task/${tid}/comm`);
      if (name === undefined) continue;
      this.threads++;
      const task = { pid, tid };
      this.fork(task, pid);
      this.comm(task, name.subarray(0, -1)); // without its newline
    }
  }

  private mappings(pid: number): void {
    const maps = this.proc.read(`/proc/${pid}/maps`);
    const root = maps && readLink(`/proc/${pid}/root`);
    if (maps === undefined || root === undefined) {
      if (isRunning(pid)) this.unreadable.push(pid);
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
    const buildId = this.buildIds.find(`${major}:${minor} ${inode}`, pid, `${first}-${last}`, name);
    const fields = {
      pid,
      tid: pid,
      start,
      length: (parseAddress(last) ?? 0) - start,
      pgoff: parseAddress(offset) ?? 0,
      name,
      prot: (read === 'r' ? PROT_READ : 0) | (write === 'w' ? PROT_WRITE : 0) | PROT_EXEC,
      flags: shared === 's' ? MAP_SHARED : MAP_PRIVATE,
      file:
        buildId !== undefined
          ? { buildId }
          : { major: parseInt(major, 16), minor: parseInt(minor, 16), inode: BigInt(inode) },
    };
    this.emit(encodeMmap2(fields, this.sampleId));
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
