/**
 * From a sample as the kernel gives it (registers, a copy of the stack) to a sample with its whole call
 * chain, as the file keeps it. No allocation per sample.
 */
import { addressFrom, type Address } from '../../base/units.js';
import { REGISTERS, type Architecture } from '../../formats/dwarf/registers.js';
import { copyWords } from '../../formats/perfdata/sample-layout.js';
import type { SampleView } from '../../formats/perfdata/sample.js';
import { PerfContext } from '../../formats/perfdata/spec.js';
import { Truncation } from '../../profile/profile.js';
import type { CodeSpace } from '../../unwind/code-space.js';
import { DeepStacks } from '../../unwind/deep-stacks.js';
import { stripSignature } from '../../unwind/memory.js';
import { Unwinder } from '../../unwind/unwinder.js';
import type { StackTops } from '../draining/stack-tops.js';
import { recordedRegisters } from '../events/sample-layout.js';
import type { Output } from '../output/output.js';
import type { LiveProcesses } from '../processes/live-processes.js';
import { LiveStack } from './live-stack.js';

/** A record's size is a u16, and a multiple of 8. */
const MAX_SIZE_WORDS = 65528 / 4;

/** More than the first frame of any thread takes. */
const FIRST_FRAME_ROOM = 4096;

/** Exact, as powers of two are, and cheaper than a division. */
const PER_TWO_32 = 1 / 4294967296;

/** The u64 `value` of {@link PerfContext.USER} in its halves. */
const USER_LOW = PerfContext.USER | 0;

/** Where samples are written: a file, or what stands for it. */
export type SampleSink = Pick<Output, 'words' | 'reserve' | 'commit'>;

/** Where a sample's chain lies. */
type ChainView = Pick<SampleView, 'words' | 'callchain' | 'callchainLength'>;

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
   * Unwinds a sample and appends it to the file, with the whole chain in place of registers and stack:
   *
   *   head … │ nr, ips[nr] │ raw, branches │ abi, regs[], size, stack[], dyn_size │ weight …
   *            and the user's  as they are    left out                               as they are
   *
   * @param space of the sampled process
   */
  write(view: SampleView, space: CodeSpace, output: SampleSink): void {
    const { unwinder } = this;
    this.hadStack = view.regsAbi !== 0;
    this.end = Truncation.None;
    unwinder.count = 0;
    if (this.hadStack) {
      const { words, stack, stackBytes, tid } = view;
      this.loadRegisters(words, view.regs);
      const room = ((MAX_SIZE_WORDS - wordsBeside(view)) >> 1) - view.callchainLength - 1;
      unwinder.unwind(space, this.registers, words, stack, stackBytes, room);
      this.deep.follow(tid, unwinder, stackBytes, room);
      if (unwinder.end === Truncation.DumpTooSmall) {
        this.unwindLive(view, space, room);
        this.deep.follow(tid, unwinder, stackBytes, room);
      }
      this.end = unwinder.end;
      this.tellTop(tid);
    }
    this.copy(view, output);
  }

  /** Lets the draining thread leave out what lies above the last sample's first frame. */
  private tellTop(tid: number): void {
    const { levels, count, end } = this.unwinder;
    if (end === Truncation.None) this.tops.set(tid, levels[count - 1] + FIRST_FRAME_ROOM);
    else if (end === Truncation.DumpTooSmall) this.tops.set(tid, 0);
  }

  /** Unwinds a stack that is deeper than its copy with the memory of the process, where that still fits. */
  private unwindLive(view: SampleView, space: CodeSpace, room: number): void {
    const { registers, liveStack } = this;
    const { words, stack, stackBytes, pid, time } = view;
    const sp = registers[this.stackPointer];
    if (!liveStack.complete(pid, sp, this.unwinder, words, stack, stackBytes, time)) return;
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

  private copy(view: SampleView, output: SampleSink): void {
    const { words, chainWord, callchainLength, dumpWord, restWord, end } = view;
    const { frames, count } = this.unwinder;
    const length = callchainLength + (count > 0 ? count + 1 : 0);
    const size = (wordsBeside(view) + length * 2) * 4;
    const start = output.reserve(size) >> 2;
    const out = output.words;
    let at = copyWords(words, view.base, chainWord, out, start);
    out[start + 1] = (out[start + 1] & 0xffff) | (size << 16);
    out[at] = length;
    out[at + 1] = 0;
    const chainEnd = endOfChain(view);
    at = copyWords(words, chainEnd - callchainLength * 2, chainEnd, out, at + 2);
    if (count > 0) {
      out[at++] = USER_LOW;
      out[at++] = -1;
      for (let i = 0; i < count; i++) {
        const address = frames[i];
        out[at++] = address;
        out[at++] = Math.floor(address * PER_TWO_32);
      }
    }
    at = copyWords(words, chainEnd, dumpWord, out, at);
    copyWords(words, restWord, end, out, at);
    output.commit(size);
  }
}

/** Behind the recorded chain; where it would be, if the event has none. */
function endOfChain({ chainWord, callchain, callchainLength }: SampleView): number {
  return callchain === 0 ? chainWord : callchain + callchainLength * 2;
}

/** How many words the sample takes in the file beside the addresses of its chain. */
function wordsBeside(view: SampleView): number {
  const { base, chainWord, dumpWord, restWord, end } = view;
  return chainWord - base + 2 + (dumpWord - endOfChain(view)) + (end - restWord);
}

/** Calls `visit` with each kernel address of a sample's chain. */
export function visitKernelChain(view: ChainView, visit: (address: Address) => void): void {
  const { words, callchain } = view;
  const end = callchain + view.callchainLength * 2;
  for (let at = callchain; at < end; at += 2) {
    const high = words[at + 1];
    if (high >= 0) continue;
    const address = addressFrom(words[at], high);
    if (address < PerfContext.MAX) visit(address);
  }
}
