/**
 * Samples without an object per sample: one view is filled anew for each of them, by the layout of its
 * event (sample-layout.ts).
 */
import { addressFrom, type Address, type Nanoseconds } from '../../base/units.js';
import { EMPTY_ATTR } from './attr.js';
import { BRANCH_ENTRY_WORDS, SampleLayout, u64At } from './sample-layout.js';
import { PerfMisc } from './spec.js';

export { BRANCH_ENTRY_WORDS };

const NO_LAYOUT = new SampleLayout(EMPTY_ATTR, true);

/**
 * One sample. Lists, and values that are more than a number, are places in `words`, where a u64 is two
 * words, the lower half first; a place is 0 where the field is absent. Valid until the next record is
 * read.
 *
 * {@link RecordReader.sample} fills in what every sample's way needs. Getters look up the other fields
 * before the call chain, {@link rest} those behind the stack.
 */
export class SampleView {
  words: Int32Array = new Int32Array(0);
  /** First word of the record. */
  base = 0;
  /** Past the record's last word. */
  end = 0;
  layout: SampleLayout = NO_LAYOUT;
  /** Index of the sample's event. */
  event = 0;
  misc = 0;
  ip: Address = 0;
  pid = -1;
  tid = -1;
  time: Nanoseconds = 0;
  /** -1 where not recorded. */
  cpu = -1;
  /** What the sample stands for, in its event's unit. */
  period = 1;
  /** First word of the counts that were read with the sample: see reads.ts. */
  read = 0;
  /** Where the call chain's field begins, or would. */
  chainWord = 0;
  /** First word of the addresses, and how many there are; 0 without callchain. */
  callchain = 0;
  callchainLength = 0;
  /** The word of the raw data's u32 size, and that size in bytes. See {@link RecordReader.raw}. */
  raw = 0;
  rawBytes = 0;
  /** First word of the branches, {@link BRANCH_ENTRY_WORDS} each, the youngest first; how many. */
  branches = 0;
  branchCount = 0;
  /** Where the fields of the user registers and stack begin, or would; they end at {@link restWord}. */
  dumpWord = 0;
  /** `PerfSampleRegsAbi`; 0 where no user registers are there. */
  regsAbi = 0;
  /** First word of the user registers, one u64 per bit of the event's `sample_regs_user`, lowest first. */
  regs = 0;
  /** First word of the copied user stack, and how many bytes of it are real. */
  stack = 0;
  stackBytes = 0;
  /** Where the fields behind the stack begin. */
  restWord = 0;

  // Set by rest().

  /** A u64, or with `WEIGHT_STRUCT` u32 var1, u16 var2, u16 var3 from its lowest bits up. */
  weight = 0;
  /** `union perf_mem_data_src`. */
  dataSource = 0;
  /** `PERF_TXN_*`, and the abort code in the upper half. */
  transaction = 0;
  /** As {@link regsAbi} and {@link regs}, of `sample_regs_intr`. */
  regsIntrAbi = 0;
  regsIntr = 0;
  physAddrWord = 0;
  cgroupWord = 0;
  dataPageSizeWord = 0;
  codePageSizeWord = 0;
  /** First word of the hardware trace's piece, and its bytes. */
  aux = 0;
  auxBytes = 0;

  /** `PerfMisc.KERNEL`, `USER`, …: where the sample was taken. */
  get cpuMode(): number {
    return this.misc & PerfMisc.CPUMODE_MASK;
  }

  /** The data's address; 0 where absent. */
  get addr(): Address {
    return this.addressAt(this.layout.addrWord);
  }

  /** The event's ID, of `IDENTIFIER` or `ID`; 0 where absent. */
  get id(): number {
    return this.fixed(this.layout.idWord);
  }

  get streamId(): number {
    return this.fixed(this.layout.streamIdWord);
  }

  /** 0 where absent, as the others below. They need {@link rest}. */
  get physAddr(): number {
    return this.number(this.physAddrWord);
  }

  get cgroup(): number {
    return this.number(this.cgroupWord);
  }

  /** Bytes. */
  get dataPageSize(): number {
    return this.number(this.dataPageSizeWord);
  }

  /** Bytes. */
  get codePageSize(): number {
    return this.number(this.codePageSizeWord);
  }

  /** The hardware's index of the youngest branch; -1 where it is not known. */
  get branchHwIndex(): number {
    const { layout, branches, words } = this;
    if (branches === 0 || layout.branchHeaderWords === 0) return -1;
    return addressFrom(words[branches - 2], words[branches - 1]);
  }

  /**
   * How a branch went: mispredicted, predicted, in a transaction, aborted, a bit each from the lowest up, then
   * 16 bits of cycles. Bit fields begin at the highest bit where the file's machine is big-endian.
   * @param branch from 0, the youngest, and below {@link branchCount}
   */
  branchFlags(branch: number): number {
    const at = this.branches + branch * BRANCH_ENTRY_WORDS + 4;
    if (this.layout.first === 0) return this.words[at] & 0xfffff;
    const high = this.words[at + 1];
    const bit = (place: number): number => (high >>> place) & 1;
    return (
      bit(31) | (bit(30) << 1) | (bit(29) << 2) | (bit(28) << 3) | (((high >>> 12) & 0xffff) << 4)
    );
  }

  /** What the sample cost, of `WEIGHT` or the first part of `WEIGHT_STRUCT`; 0 where absent. Needs {@link rest}. */
  get hardwareWeight(): number {
    const { weight, words, layout } = this;
    if (weight === 0) return 0;
    return layout.hasWeightParts ? words[weight] >>> 0 : u64At(words, weight);
  }

  /** First word of the branches' event counters, one u64 each; 0 where absent. */
  get branchCounters(): number {
    if (this.branches === 0 || !this.layout.hasBranchCounters) return 0;
    return this.branches + this.branchCount * BRANCH_ENTRY_WORDS;
  }

  /** Fills in the fields behind the stack; false where the record ends before they do. */
  rest(): boolean {
    return this.layout.decodeRest(this);
  }

  /** The u64 at a place: exact to 2^53, rounded beyond; 0 of no place. */
  number(at: number): number {
    return at === 0 ? 0 : u64At(this.words, at);
  }

  private fixed(word: number): number {
    return word < 0 ? 0 : u64At(this.words, this.base + word);
  }

  private addressAt(word: number): Address {
    if (word < 0) return 0;
    const at = this.base + word;
    return addressFrom(this.words[at], this.words[at + 1]);
  }
}
