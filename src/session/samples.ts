/**
 * From samples to stacks: the chain that the kernel followed, or the one unwound from the copied stack,
 * put together and looked up frame by frame where it was not seen before.
 */
import { addressFrom, type Address } from '../base/units.js';
import type { Architecture } from '../formats/dwarf/registers.js';
import type { RecordedEvent } from '../formats/perfdata/events.js';
import type { SampleView } from '../formats/perfdata/sample.js';
import { PerfContext, PerfMisc, PerfSample, PerfSampleRegsAbi } from '../formats/perfdata/spec.js';
import type { ProfileBuilder } from '../profile/builder.js';
import { Truncation } from '../profile/profile.js';
import { Unwinder } from '../unwind/unwinder.js';
import { ChainCache } from './chains.js';
import { FrameKind, type FrameResolver } from './frames.js';
import type { Process } from './processes.js';
import { RegisterFile } from './registers.js';

/** A sample's record holds 65,535 bytes: no more addresses than this. */
const MAX_CHAIN = 8192;
/** Deeper stacks are cut, and counted as such. */
const MAX_UNWOUND = 4096;

/** Which addresses of a chain name the instruction after a call: {@link ChainCache}'s kinds. */
const AddressKind = { Return: 0, Call: 1, CallInUser: 2 } as const;

export class StackResolver {
  /** Of the last sample: its stack, or -1, and why the user part ends early. */
  stack = -1;
  truncation: Truncation = Truncation.None;

  private readonly chains = new ChainCache();
  /** Absent where no event's samples carry a stack. */
  private readonly unwinder: Unwinder | undefined;
  /** By event; `undefined` where its samples carry no stack. */
  private readonly registers: readonly (RegisterFile | undefined)[];
  private readonly joined = new Int32Array((MAX_CHAIN + MAX_UNWOUND + 2) * 2);
  private joinedLength = 0;
  /** The chain being resolved, innermost first. */
  private readonly frames = new Int32Array(MAX_CHAIN + MAX_UNWOUND + 2);
  private readonly addresses = new Float64Array(MAX_CHAIN + MAX_UNWOUND + 2);

  /**
   * @param callerAddresses whether callchains give a caller's address as that of the call already
   */
  constructor(
    private readonly builder: ProfileBuilder,
    private readonly resolver: FrameResolver,
    architecture: Architecture,
    events: readonly RecordedEvent[],
    private readonly callerAddresses: 'call' | 'return',
  ) {
    const dump = PerfSample.REGS_USER | PerfSample.STACK_USER;
    this.registers = events.map(({ attr }) =>
      (attr.sample_type & dump) === dump
        ? new RegisterFile(architecture, attr.sample_regs_user)
        : undefined,
    );
    const unwinds = this.registers.some((registers) => registers !== undefined);
    this.unwinder = unwinds ? new Unwinder(architecture) : undefined;
  }

  /** Finds the sample's stack in the process as it is now. */
  resolve(view: SampleView, process: Process): void {
    const registers = this.registers[view.event];
    if (registers === undefined || this.unwinder === undefined) {
      this.resolveRecorded(view, process);
    } else {
      this.resolveUnwound(view, process, registers, this.unwinder);
    }
  }

  private resolveRecorded(view: SampleView, process: Process): void {
    const kind = this.callerAddresses === 'call' ? AddressKind.Call : AddressKind.Return;
    if (view.callchainLength > 0) {
      const length = Math.min(view.callchainLength, MAX_CHAIN) * 2;
      this.lookUp(process, view.words, view.callchain, length, kind, Truncation.None);
      return;
    }
    this.joinedLength = 0;
    this.join(contextOf(view));
    this.join(view.ip);
    this.lookUp(process, this.joined, 0, this.joinedLength, kind, Truncation.None);
  }

  /** The kernel's part of the chain as recorded, then the user's from the copied stack. */
  private resolveUnwound(
    view: SampleView,
    process: Process,
    registers: RegisterFile,
    unwinder: Unwinder,
  ): void {
    this.joinedLength = 0;
    this.joinKernelPart(view);
    let truncation: Truncation = Truncation.None;
    if (view.regsAbi === PerfSampleRegsAbi.ABI_64) {
      registers.load(view.words, view.regs);
      unwinder.unwind(
        process.space,
        registers.values,
        view.words,
        view.stack,
        view.stackBytes,
        MAX_UNWOUND,
      );
      truncation = unwinder.end;
      this.join(PerfContext.USER);
      for (let i = 0; i < unwinder.count; i++) this.join(unwinder.frames[i]);
    } else if (process.space.mappings.length > 0) {
      // Kernel threads have no user part to miss.
      truncation = Truncation.NoRegisters;
      if (view.cpuMode === PerfMisc.USER) {
        this.join(PerfContext.USER);
        this.join(view.ip);
      }
    }
    const kind = AddressKind.CallInUser;
    this.lookUp(process, this.joined, 0, this.joinedLength, kind, truncation);
  }

  private joinKernelPart(view: SampleView): void {
    const { words } = view;
    if (view.callchainLength === 0 && view.cpuMode === PerfMisc.KERNEL) {
      this.join(PerfContext.KERNEL);
      this.join(view.ip);
    }
    const count = Math.min(view.callchainLength, MAX_CHAIN);
    for (let i = 0; i < count; i++) {
      const at = view.callchain + i * 2;
      const address = addressFrom(words[at], words[at + 1]);
      if (address === PerfContext.USER) return;
      this.join(address);
    }
  }

  private join(address: Address): void {
    this.joined[this.joinedLength++] = address | 0;
    this.joined[this.joinedLength++] = Math.floor(address / 4294967296) | 0;
  }

  private lookUp(
    process: Process,
    words: Int32Array,
    at: number,
    length: number,
    kind: number,
    truncation: Truncation,
  ): void {
    const { chains } = this;
    const { generation } = process.space;
    const key = kind | (truncation << 2);
    if (!chains.find(words, at, length, generation, key)) {
      const stack = this.buildStack(process, words, at, length >> 1, kind);
      chains.add(words, at, length, generation, key, stack, truncation);
    }
    this.stack = chains.stack;
    this.truncation = chains.truncation as Truncation;
  }

  private buildStack(
    process: Process,
    words: Int32Array,
    at: number,
    length: number,
    kind: number,
  ): number {
    const { resolver, frames, addresses } = this;
    let count = 0;
    let context: number = PerfContext.USER;
    let isFirst = true;
    for (let i = 0; i < length; i++) {
      const word = at + i * 2;
      const address = addressFrom(words[word], words[word + 1]);
      // Marks lie where no code can: in the last page of the address space.
      if (address >= PerfContext.MAX && address < 0) {
        context = address;
        isFirst = true;
        continue;
      }
      const isUser = context === PerfContext.USER || context === PerfContext.USER_DEFERRED;
      const isCall = kind === AddressKind.Call || (kind === AddressKind.CallInUser && isUser);
      const place = isFirst || isCall ? address : address - 1;
      isFirst = false;
      if (isUser) frames[count] = resolver.user(process, place);
      else if (context === PerfContext.KERNEL) frames[count] = resolver.kernel(place);
      else frames[count] = resolver.unmapped(place);
      addresses[count++] = place;
    }
    this.markMachinery(process, count);
    let stack = -1;
    for (let i = count - 1; i >= 0; i--) stack = this.builder.stack(stack, frames[i]);
    return stack;
  }

  /** See {@link FrameResolver.asMachinery}. */
  private markMachinery(process: Process, count: number): void {
    const { resolver, frames, addresses } = this;
    for (let i = 0; i < count; i++) {
      if (resolver.kindOf(frames[i]) !== FrameKind.InterpreterWork) continue;
      const calledByOne = i + 1 < count && resolver.kindOf(frames[i + 1]) === FrameKind.Trampoline;
      const callsOne = i > 0 && resolver.kindOf(frames[i - 1]) === FrameKind.Trampoline;
      if (calledByOne || callsOne) {
        frames[i] = resolver.asMachinery(frames[i], process, addresses[i]);
      }
    }
  }
}

/** The mark that a chain of the sample's own address alone would open with. */
function contextOf(view: SampleView): number {
  switch (view.cpuMode) {
    case PerfMisc.KERNEL:
      return PerfContext.KERNEL;
    case PerfMisc.HYPERVISOR:
      return PerfContext.HV;
    case PerfMisc.GUEST_KERNEL:
      return PerfContext.GUEST_KERNEL;
    case PerfMisc.GUEST_USER:
      return PerfContext.GUEST_USER;
    default:
      return PerfContext.USER;
  }
}
