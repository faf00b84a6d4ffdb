/**
 * From a sample as the kernel gives it (registers, a copy of the stack) to a sample with its whole call
 * chain, as the file keeps it. No allocation per sample.
 */
import { addressFrom, type Address } from '../base/units.js';
import { REGISTERS, type Architecture } from '../formats/dwarf/registers.js';
import { PerfContext, PerfRecord } from '../formats/perfdata/spec.js';
import { Truncation } from '../profile/profile.js';
import type { CodeSpace } from '../unwind/code-space.js';
import { DeepStacks } from '../unwind/deep-stacks.js';
import { stripSignature } from '../unwind/memory.js';
import { Unwinder } from '../unwind/unwinder.js';
import type { LiveProcesses } from './live-processes.js';
import { LiveStack } from './live-stack.js';
import type { Output } from './output.js';
import { SampleOffset, recordedRegisters } from './sample-layout.js';
import type { StackTops } from './stack-tops.js';

/** A record's u16 size leaves room for so many u64 in its chain. */
const MAX_CHAIN = Math.floor((65528 - SampleOffset.CHAIN) / 8);

/** More than the first frame of any thread takes. */
const FIRST_FRAME_ROOM = 4096;

/** Exact, as powers of two are, and cheaper than a division. */
const PER_TWO_32 = 1 / 4294967296;

/** The u64 `value` of {@link PerfContext.USER} in its halves. */
const USER_LOW = PerfContext.USER | 0;

export class SampleUnwinder {
  /** How the last sample's user stack ends. */
  end: Truncation = Truncation.None;
  /** Whether the last sample had a user stack to unwind. */
  hadStack = false;
  readonly deep = new DeepStacks();
  /** Stacks that were completed from the memory of their process. */
  completedLive = 0;
  private readonly liveStack: LiveStack;
  private readonly stackPointer: number;
  private readonly unwinder: Unwinder;
  private readonly registers: Float64Array;
  /** DWARF number of a link register; -1 where return addresses are on the stack. */
  private readonly link: number;
  private readonly dwarfOf = recordedRegisters(process.arch).dwarf;

  /**
   * @param live where the memory of running processes is read
   * @param tops where the heights of stacks are told
   */
  constructor(
    architecture: Architecture,
    live: LiveProcesses,
    private readonly tops: StackTops,
  ) {
    this.liveStack = new LiveStack(live);
    this.stackPointer = REGISTERS[architecture].stackPointer;
    this.link = architecture === 'aarch64' ? REGISTERS.aarch64.returnAddress : -1;
    this.unwinder = new Unwinder(architecture);
    this.registers = new Float64Array(REGISTERS[architecture].count).fill(NaN);
  }

  /**
   * Unwinds the sample at byte `start` of `words` and appends it to the file.
   * @param space of the sampled process
   */
  write(words: Int32Array, start: number, space: CodeSpace, output: Output): void {
    const base = start >> 2;
    const kernelLength = words[base + SampleOffset.CHAIN_LENGTH / 4];
    const chain = base + SampleOffset.CHAIN / 4;
    let at = chain + kernelLength * 2;
    const hasRegisters = words[at] !== 0;
    at += 2;
    if (hasRegisters) {
      this.loadRegisters(words, at);
      at += this.dwarfOf.length * 2;
    }
    const stackBytes = words[at];

    const { unwinder } = this;
    this.hadStack = hasRegisters;
    this.end = Truncation.None;
    unwinder.count = 0;
    if (hasRegisters) {
      const room = MAX_CHAIN - kernelLength - 1;
      const tid = words[base + SampleOffset.TID / 4];
      unwinder.unwind(space, this.registers, words, at + 2, stackBytes, room);
      this.deep.follow(tid, unwinder, stackBytes, room);
      if (unwinder.end === Truncation.DumpTooSmall) {
        this.unwindLive(words, base, at + 2, stackBytes, space, room);
        this.deep.follow(tid, unwinder, stackBytes, room);
      }
      this.end = unwinder.end;
      this.tellTop(tid);
    }
    this.copy(words, base, kernelLength, output);
  }

  /** Lets the draining thread leave out what lies above the last sample's first frame. */
  private tellTop(tid: number): void {
    const { levels, count, end } = this.unwinder;
    if (end === Truncation.None) this.tops.set(tid, levels[count - 1] + FIRST_FRAME_ROOM);
    else if (end === Truncation.DumpTooSmall) this.tops.set(tid, 0);
  }

  /** Unwinds a stack that is deeper than its copy with the memory of the process, where that still fits. */
  private unwindLive(
    words: Int32Array,
    base: number,
    stackAt: number,
    stackBytes: number,
    space: CodeSpace,
    room: number,
  ): void {
    const { registers, liveStack } = this;
    const pid = words[base + SampleOffset.PID / 4];
    const timeAt = base + SampleOffset.TIME / 4;
    const time = addressFrom(words[timeAt], words[timeAt + 1]);
    const sp = registers[this.stackPointer];
    if (!liveStack.complete(pid, sp, this.unwinder, words, stackAt, stackBytes, time)) return;
    this.unwinder.unwind(space, registers, liveStack.words, 0, liveStack.size, room);
    if (this.unwinder.end === Truncation.None) this.completedLive++;
  }

  private loadRegisters(words: Int32Array, at: number): void {
    const { registers, dwarfOf } = this;
    for (let i = 0; i < dwarfOf.length; i++) {
      const register = dwarfOf[i];
      if (register < 0) continue;
      const low = words[at + i * 2];
      const high = words[at + i * 2 + 1];
      // arm64's return address may carry a signature in its upper bits.
      registers[register] =
        register === this.link ? stripSignature(low, high) : addressFrom(low, high);
    }
  }

  /** The head and the kernel's part of the chain as they are, then the user's frames. */
  private copy(words: Int32Array, base: number, kernelLength: number, output: Output): void {
    const { frames, count } = this.unwinder;
    const userLength = count > 0 ? count + 1 : 0;
    const length = kernelLength + userLength;
    const size = SampleOffset.CHAIN + length * 8;
    const out = output.words;
    let at = output.reserve(size) >> 2;
    out[at] = PerfRecord.SAMPLE;
    out[at + 1] = (words[base + 1] & 0xffff) | (size << 16);
    const headWords = SampleOffset.CHAIN / 4 + kernelLength * 2;
    for (let i = 2; i < headWords; i++) out[at + i] = words[base + i];
    out[at + SampleOffset.CHAIN_LENGTH / 4] = length;
    at += headWords;
    if (userLength > 0) {
      out[at++] = USER_LOW;
      out[at++] = -1;
      for (let i = 0; i < count; i++) {
        const address = frames[i];
        out[at++] = address;
        out[at++] = Math.floor(address * PER_TWO_32);
      }
    }
    output.commit(size);
  }
}

/** Calls `visit` with each kernel address of a sample's chain. */
export function visitKernelChain(
  words: Int32Array,
  start: number,
  visit: (address: Address) => void,
): void {
  const base = start >> 2;
  const length = words[base + SampleOffset.CHAIN_LENGTH / 4];
  const chain = base + SampleOffset.CHAIN / 4;
  for (let i = 0; i < length; i++) {
    const high = words[chain + i * 2 + 1];
    if (high >= 0) continue;
    const address = addressFrom(words[chain + i * 2], high);
    if (address < PerfContext.MAX) visit(address);
  }
}
