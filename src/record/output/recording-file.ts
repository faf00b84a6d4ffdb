/**
 * What one file of a recording holds, while it is written: its records, and what is told of them at its
 * end. The state of processes outlives it (see recorder).
 */
import { Int32Column, Uint8Column } from '../../base/growable.js';
import type { Address } from '../../base/units.js';
import { MmapOffset } from '../../formats/perfdata/sideband-writer.js';
import { PerfRecord } from '../../formats/perfdata/spec.js';
import { Truncation } from '../../profile/profile.js';
import { isAnonymous, type Mapping } from '../../session/address-space.js';
import { SAMPLE_ID_SIZE } from '../events/sample-layout.js';
import { CodeNames } from './code-names.js';
import { KernelMaps } from './kernel-maps.js';
import type { Output } from './output.js';

/** Room for the name of the file of names in a rewritten MMAP2 record. */
const NAME_ROOM = 64;
const { MMAP2_NAME, PGOFF } = MmapOffset;

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

export function noCounts(): Counts {
  return { samples: 0, unwound: 0, whole: 0, lost: 0, throttled: 0, firstTime: 0, lastTime: 0 };
}

export class RecordingFile {
  readonly counts = noCounts();
  readonly names = new CodeNames();
  readonly kernelMaps: KernelMaps;
  /** Sampled addresses of the kernel. */
  readonly kernelAddresses = new Set<Address>();
  /** Which samples have a stack that ends early, and why. */
  readonly truncatedOrdinals = new Int32Column();
  readonly truncationCauses = new Uint8Column();
  /** Which samples are of threads that could have run on. */
  readonly preemptedOrdinals = new Int32Column();
  /** Processes with samples. */
  readonly sampled = new Set<number>();
  private lastSampled = -1;
  private readonly seen = new Float64Array(SEEN_SLOTS);

  constructor(readonly output: Output) {
    this.kernelMaps = new KernelMaps(output);
  }

  readonly seeKernel = (address: Address): void => {
    const slot = (address >>> 4) & (SEEN_SLOTS - 1);
    if (this.seen[slot] === address) return;
    this.seen[slot] = address;
    this.kernelAddresses.add(address);
  };

  /** Counts a sample that was appended. */
  sampleAdded(pid: number, time: number): void {
    const { counts } = this;
    if (pid !== this.lastSampled) this.sampled.add((this.lastSampled = pid));
    if (counts.samples === 0) counts.firstTime = time;
    counts.lastTime = time;
    counts.samples++;
  }

  /** Says how the stack of the sample ends that is to be counted next. */
  unwound(hadStack: boolean, end: Truncation): void {
    const { counts } = this;
    if (hadStack) {
      counts.unwound++;
      if (end === Truncation.None) counts.whole++;
    }
    if (end !== Truncation.None) {
      this.truncatedOrdinals.push(counts.samples);
      this.truncationCauses.push(end);
    }
  }

  /** Says of the sample that is to be counted next that its thread could have run on. */
  preempted(): void {
    this.preemptedOrdinals.push(this.counts.samples);
  }

  /** Appends the record of `size` bytes at `start`. */
  copy(bytes: Uint8Array, start: number, size: number): void {
    const { output } = this;
    output.buffer.set(bytes.subarray(start, start + size), output.reserve(size));
    output.commit(size);
  }

  /** Appends the MMAP or MMAP2 record of an executable mapping. */
  copyMapping(bytes: Uint8Array, start: number, size: number, pid: number, map: Mapping): void {
    if (bytes[start] === PerfRecord.MMAP2 && isAnonymous(map.path)) {
      this.names.add(pid, map.start, map.end, this.copyWithRoom(bytes, start, size));
    } else {
      this.copy(bytes, start, size);
    }
  }

  /** Copies an MMAP2 record with more room for its name. @returns its offset in the file */
  private copyWithRoom(bytes: Uint8Array, start: number, size: number): number {
    const { output } = this;
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
    this.output.patch(recordAt + PGOFF, offset);
    this.output.patch(recordAt + MMAP2_NAME, name);
  }
}
