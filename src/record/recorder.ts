/**
 * The unwinding thread's work: records in order of time come in, the file goes out.
 *
 * Samples are unwound against the mappings as they stand at that moment; all other records are applied
 * to the table of processes and written as they are, but for mappings without a file, which are later
 * said to be mapped from the file of names (see code-names).
 */
import { Cursor } from '../base/cursor.js';
import { Int32Column, Uint8Column } from '../base/growable.js';
import { plural, type Address } from '../base/units.js';
import type { Architecture } from '../formats/dwarf/registers.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { readComm, readFork, readLost, readMmap } from '../formats/perfdata/sideband.js';
import { Truncation } from '../profile/profile.js';
import { isAnonymous } from '../session/address-space.js';
import { isJitDump } from '../session/jit-dumps.js';
import { ModuleCache } from '../session/modules.js';
import { ProcessTable } from '../session/processes.js';
import { CodeNames } from './code-names.js';
import { LiveProcesses } from './live-processes.js';
import type { Output } from './output.js';
import { Interpreters } from './python-notes.js';
import { SAMPLE_ID_SIZE, SampleOffset } from './sample-layout.js';
import type { StackTops } from './stack-tops.js';
import { SampleUnwinder, visitKernelChain } from './samples.js';

/** Room for the name of the file of names in a rewritten MMAP2 record. */
const NAME_ROOM = 64;
const MMAP2_NAME = 72;
const MMAP2_PGOFF = 32;

/** Kernel addresses that were seen lately: most samples repeat them. */
const SEEN_SLOTS = 4096;

export interface Counts {
  samples: number;
  /** Samples with a user stack, and how many of those reach their thread's start. */
  unwound: number;
  whole: number;
  lost: number;
  throttled: number;
  firstTime: number;
  lastTime: number;
}

export class Recorder {
  readonly counts: Counts = {
    samples: 0,
    unwound: 0,
    whole: 0,
    lost: 0,
    throttled: 0,
    firstTime: 0,
    lastTime: 0,
  };
  readonly live = new LiveProcesses();
  readonly modules: ModuleCache;
  readonly names = new CodeNames();
  /** Sampled addresses of the kernel. */
  readonly kernelAddresses = new Set<Address>();
  /** Which samples have a stack that ends early, and why. */
  readonly truncatedOrdinals = new Int32Column();
  readonly truncationCauses = new Uint8Column();
  /** Of each process the one that it was forked from. */
  readonly parents = new Map<number, number>();
  /** Paths of the jitdumps that each process has. */
  readonly jitDumps = new Map<number, Set<string>>();
  readonly interpreters = new Interpreters();
  /** Processes with samples. */
  readonly sampled = new Set<number>();
  private lastSampled = -1;
  private readonly processes: ProcessTable;
  private readonly unwinder: SampleUnwinder;
  private readonly seen = new Float64Array(SEEN_SLOTS);

  /**
   * @param bytes, words the queue's memory, in which records are named by their place
   * @param dumps whether samples carry registers and stack to be unwound now
   */
  constructor(
    architecture: Architecture,
    private readonly bytes: Uint8Array,
    private readonly words: Int32Array,
    private readonly output: Output,
    private readonly dumps: boolean,
    private readonly hasChain: boolean,
    tops: StackTops,
  ) {
    this.modules = new ModuleCache(architecture, this.live);
    this.processes = new ProcessTable(this.modules);
    this.unwinder = new SampleUnwinder(architecture, this.live, tops);
  }

  /** Takes the record of `size` bytes at `start`. */
  readonly record = (start: number, size: number, time: number): void => {
    const type = this.words[start >> 2];
    if (type === PerfRecord.SAMPLE) this.sample(start, size, time);
    else this.sideband(start, size, type);
  };

  /** What is to be known of the whole recording, in sentences. */
  notes(): string[] {
    const { deep, completedLive } = this.unwinder;
    const notes: string[] = [];
    if (deep.continued > 0) {
      notes.push(
        `${plural(deep.continued, 'stack')} deeper than the copied bytes: the outermost frames are ` +
          'those of the same thread’s sample before, with which the inner ones agree',
      );
    }
    if (completedLive > 0) {
      notes.push(
        `${plural(completedLive, 'stack')} deeper than the copied bytes: the outermost frames were ` +
          'read from the process a moment after the sample',
      );
    }
    return notes;
  }

  private sample(start: number, size: number, time: number): void {
    const { counts, words, output } = this;
    if (this.hasChain) visitKernelChain(words, start, this.seeKernel);
    const pid = words[(start + SampleOffset.PID) >> 2];
    if (pid !== this.lastSampled) this.sampled.add((this.lastSampled = pid));
    if (this.dumps) {
      const { space } = this.processes.process(pid);
      this.unwinder.write(words, start, space, output);
      if (this.unwinder.hadStack) {
        counts.unwound++;
        if (this.unwinder.end === Truncation.None) counts.whole++;
      }
      if (this.unwinder.end !== Truncation.None) {
        this.truncatedOrdinals.push(counts.samples);
        this.truncationCauses.push(this.unwinder.end);
      }
    } else {
      this.copyOut(start, size);
    }
    if (counts.samples === 0) counts.firstTime = time;
    counts.lastTime = time;
    counts.samples++;
  }

  private readonly seeKernel = (address: Address): void => {
    const slot = (address >>> 4) & (SEEN_SLOTS - 1);
    if (this.seen[slot] === address) return;
    this.seen[slot] = address;
    this.kernelAddresses.add(address);
  };

  private sideband(start: number, size: number, type: number): void {
    const misc = this.words[(start + 4) >> 2] & 0xffff;
    const body = new Cursor(this.bytes.subarray(start + 8, start + size - SAMPLE_ID_SIZE), 'ring');
    switch (type) {
      case PerfRecord.MMAP:
      case PerfRecord.MMAP2: {
        const map = readMmap(body, type, misc);
        if (!map.executable) break;
        const { pid } = map;
        const end = map.start + map.length;
        this.live.see(pid);
        this.interpreters.mapped(pid, map.path);
        if (isJitDump(map.path)) {
          this.jitDumps.set(pid, (this.jitDumps.get(pid) ?? new Set()).add(map.path));
        }
        this.processes.map(pid, { ...map, end });
        if (type === PerfRecord.MMAP2 && isAnonymous(map.path)) {
          this.names.add(pid, map.start, end, this.copyWithRoom(start, size));
          return;
        }
        break;
      }
      case PerfRecord.COMM: {
        const { pid, tid, comm, exec } = readComm(body, misc);
        if (exec) {
          this.live.seeAgain(pid);
          this.interpreters.executed(pid);
          this.jitDumps.delete(pid);
        }
        this.processes.comm(pid, tid, comm, exec);
        break;
      }
      case PerfRecord.FORK: {
        const { pid, tid, parentPid, parentTid } = readFork(body, misc);
        if (pid !== parentPid) {
          this.parents.set(pid, parentPid);
          this.live.see(pid, parentPid);
          this.interpreters.forked(pid, parentPid);
        }
        this.processes.fork(pid, tid, parentPid, parentTid);
        break;
      }
      case PerfRecord.EXIT: {
        const { pid, tid } = readFork(body, misc);
        if (pid === tid) this.live.ended(pid);
        break;
      }
      case PerfRecord.LOST:
      case PerfRecord.LOST_SAMPLES:
        this.counts.lost += readLost(body, type);
        break;
      case PerfRecord.THROTTLE:
        this.counts.throttled++;
        break;
    }
    this.copyOut(start, size);
  }

  private copyOut(start: number, size: number): void {
    const { output } = this;
    output.buffer.set(this.bytes.subarray(start, start + size), output.reserve(size));
    output.commit(size);
  }

  /** Copies an MMAP2 record with more room for its name. @returns its offset in the file */
  private copyWithRoom(start: number, size: number): number {
    const { output, bytes } = this;
    const newSize = MMAP2_NAME + NAME_ROOM + SAMPLE_ID_SIZE;
    const at = output.reserve(newSize);
    const end = start + size;
    const nameSize = Math.min(end - SAMPLE_ID_SIZE - start - MMAP2_NAME, NAME_ROOM);
    output.buffer.fill(0, at, at + newSize);
    output.buffer.set(bytes.subarray(start, start + MMAP2_NAME + nameSize), at);
    output.buffer.set(bytes.subarray(end - SAMPLE_ID_SIZE, end), at + newSize - SAMPLE_ID_SIZE);
    new DataView(output.buffer.buffer).setUint16(at + 6, newSize, true);
    return output.commit(newSize);
  }

  /** Rewrites the record of a mapping without a file: it was mapped from the file of names. */
  renameMapping(recordAt: number, path: string, fileOffset: number): void {
    const name = new Uint8Array(NAME_ROOM);
    name.set(new TextEncoder().encode(path));
    const offset = new Uint8Array(8);
    new DataView(offset.buffer).setBigUint64(0, BigInt(fileOffset), true);
    this.output.patch(recordAt + MMAP2_PGOFF, offset);
    this.output.patch(recordAt + MMAP2_NAME, name);
  }
}
