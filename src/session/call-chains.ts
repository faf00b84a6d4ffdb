/**
 * From samples to call chains: the one that the kernel followed, or, where registers and stack were
 * copied, the kernel's part of it and the user's part unwound.
 *
 *   words   KERNEL k0 k1 … USER u0 u1 …       innermost first; marks (`PERF_CONTEXT_*`) stand between
 */
import { addressFrom, type Address } from '../base/units.js';
import type { Architecture } from '../formats/dwarf/registers.js';
import type { RecordedEvent } from '../formats/perfdata/events.js';
import type { SampleView } from '../formats/perfdata/sample.js';
import { PerfContext, PerfMisc, PerfSample, PerfSampleRegsAbi } from '../formats/perfdata/spec.js';
import type { RecordingInfo } from '../formats/perfdata/strata-section.js';
import { Truncation } from '../profile/profile.js';
import { Unwinder } from '../unwind/unwinder.js';
import type { ChainPool } from './chain-pool.js';
import type { Process } from './processes.js';
import { RegisterFile } from './registers.js';

/** A sample's record holds 65,535 bytes: no more addresses than this. */
const MAX_RECORDED = 8192;
/** Deeper stacks are cut, and counted as such. */
const MAX_UNWOUND = 4096;
/** The longest chain, with the marks that are put in. */
const MAX_CHAIN = MAX_RECORDED + MAX_UNWOUND + 2;

/** Which addresses of a chain lie within the call and not behind it. */
export const AddressKind = {
  /** None: callers' addresses are where the call returns to. */
  Return: 0,
  /** All. */
  Call: 1,
  /** Those of user space, which were unwound. */
  CallInUser: 2,
} as const;

export class CallChains {
  /** The sample's chain: `length` words from `at` on, two to an address, the lower half first. */
  words: Int32Array = new Int32Array(0);
  at = 0;
  length = 0;
  /** {@link AddressKind}. */
  kind: number = AddressKind.Return;
  /** Why the user part ends early. */
  truncation: Truncation = Truncation.None;

  /** What {@link split} found: addresses as recorded or unwound, innermost first. */
  readonly addresses = new Float64Array(MAX_CHAIN);
  /** The same, moved into the call where they lie behind it: what names the function and line. */
  readonly places = new Float64Array(MAX_CHAIN);
  /** `PerfContext` of each. */
  readonly contexts = new Int32Array(MAX_CHAIN);
  /** Where each lies in {@link words}, which are exact also where no double is. */
  readonly wordsOf = new Int32Array(MAX_CHAIN);

  /** Threads that unwind along, where that pays. */
  pool: ChainPool | undefined;
  /** Whether another thread found that the sample which was taken from it cannot be read. */
  isDamaged = false;
  private isTaken = false;

  /** Absent where no event's samples carry a stack. */
  private readonly unwinder: Unwinder | undefined;
  /** By event; `undefined` where its samples carry no stack. */
  private readonly registers: readonly (RegisterFile | undefined)[];
  private readonly joined = new Int32Array(MAX_CHAIN * 2);
  /** {@link AddressKind} of recorded chains, by event. */
  private readonly recordedKinds: readonly number[];

  /**
   * @param recorded whether recorded chains give a caller's address as that of the call already
   */
  constructor(
    architecture: Architecture,
    events: readonly RecordedEvent[],
    recorded: Pick<RecordingInfo, 'callerAddresses' | 'unwoundEvents'> | undefined,
  ) {
    const kind = recorded?.callerAddresses === 'call' ? AddressKind.Call : AddressKind.Return;
    const unwound = new Set(recorded?.unwoundEvents);
    this.recordedKinds = events.map((_, event) =>
      unwound.has(event) ? AddressKind.CallInUser : kind,
    );
    const dump = PerfSample.REGS_USER | PerfSample.STACK_USER;
    this.registers = events.map(({ attr }) =>
      (attr.sample_type & dump) === dump
        ? new RegisterFile(architecture, attr.sample_regs_user)
        : undefined,
    );
    const unwinds = this.registers.some((registers) => registers !== undefined);
    this.unwinder = unwinds ? new Unwinder(architecture) : undefined;
  }

  /** Finds the chain of a sample of `process` as it is now. It holds until the next record is read. */
  read(view: SampleView, process: Process): void {
    this.truncation = Truncation.None;
    const registers = this.registers[view.event];
    if (registers !== undefined && this.unwinder !== undefined) {
      if (this.isTaken && this.pool !== undefined) this.adopt(this.pool);
      else this.unwind(view, process, registers, this.unwinder);
      return;
    }
    this.kind = this.recordedKinds[view.event];
    if (view.callchainLength > 0) {
      this.words = view.words;
      this.at = view.callchain;
      this.length = Math.min(view.callchainLength, MAX_RECORDED) * 2;
      return;
    }
    this.begin();
    this.join(contextOf(view));
    this.join(view.ip);
  }

  /** Takes a sample's chain from the thread that unwinds it; false where it is to be unwound here. */
  take(event: number, ordinal: number): boolean {
    const { pool } = this;
    this.isTaken = pool !== undefined && this.unwinds(event) && pool.take(ordinal);
    this.isDamaged = this.isTaken && pool?.isDamaged === true;
    return this.isTaken;
  }

  /** Whether chains of an event's samples are unwound. */
  unwinds(event: number): boolean {
    return this.registers[event] !== undefined;
  }

  /**
   * Takes the chain that was read apart, into {@link addresses}, {@link places} and {@link contexts}.
   * @returns how many addresses there are
   */
  split(): number {
    const { words, at, addresses, places, contexts, wordsOf, kind } = this;
    let count = 0;
    let context: number = PerfContext.USER;
    let isFirst = true;
    for (let word = at; word < at + this.length; word += 2) {
      const address = addressFrom(words[word], words[word + 1]);
      // Marks lie where no code can: in the last page of the address space.
      if (address >= PerfContext.MAX && address < 0) {
        context = address;
        isFirst = true;
        continue;
      }
      const isCall =
        kind === AddressKind.Call || (kind === AddressKind.CallInUser && isUserContext(context));
      addresses[count] = address;
      wordsOf[count] = word;
      places[count] = isFirst || isCall ? address : address - 1;
      contexts[count++] = context;
      isFirst = false;
    }
    return count;
  }

  /** The kernel's part of the chain as recorded, then the user's from the copied stack. */
  private unwind(
    view: SampleView,
    process: Process,
    registers: RegisterFile,
    unwinder: Unwinder,
  ): void {
    this.kind = AddressKind.CallInUser;
    this.begin();
    this.joinKernelPart(view);
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
      this.truncation = unwinder.end;
      this.join(PerfContext.USER);
      for (let i = 0; i < unwinder.count; i++) this.join(unwinder.frames[i]);
    } else if (process.space.mappings.length > 0) {
      // Kernel threads have no user part to miss.
      this.truncation = Truncation.NoRegisters;
      if (view.cpuMode === PerfMisc.USER) {
        this.join(PerfContext.USER);
        this.join(view.ip);
      }
    }
  }

  /** Another thread's chain. */
  private adopt({ words, length, truncation }: ChainPool): void {
    this.kind = AddressKind.CallInUser;
    this.words = words;
    this.at = 0;
    this.length = length;
    this.truncation = truncation;
  }

  private joinKernelPart(view: SampleView): void {
    const { words } = view;
    if (view.callchainLength === 0 && view.cpuMode === PerfMisc.KERNEL) {
      this.join(PerfContext.KERNEL);
      this.join(view.ip);
    }
    const count = Math.min(view.callchainLength, MAX_RECORDED);
    for (let i = 0; i < count; i++) {
      const at = view.callchain + i * 2;
      const address = addressFrom(words[at], words[at + 1]);
      if (address === PerfContext.USER) return;
      this.join(address);
    }
  }

  /** Begins a chain that is put together here. */
  private begin(): void {
    this.words = this.joined;
    this.at = 0;
    this.length = 0;
  }

  private join(address: Address): void {
    this.joined[this.length++] = address | 0;
    this.joined[this.length++] = Math.floor(address / 4294967296) | 0;
  }
}

/** Whether addresses after this mark are a process's. */
export function isUserContext(context: number): boolean {
  return context === PerfContext.USER || context === PerfContext.USER_DEFERRED;
}

/** The mark that a chain of the sample's own address alone would open with. */
export function contextOf(view: SampleView): number {
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
