/**
 * Samples without an object per sample: a layout knows where an event's fields lie, a view is filled
 * anew for each sample. The order of fields is that of `perf_output_sample` (kernel/events/core.c),
 * which the comment of `PERF_RECORD_SAMPLE` in include/uapi/linux/perf_event.h lists.
 */
import { addressFrom, type Address, type Nanoseconds } from '../../base/units.js';
import type { EventAttr } from './attr.js';
import {
  PerfFormat,
  PerfMisc,
  PerfSample,
  PERF_SAMPLE_BRANCH_COUNTERS,
  PERF_SAMPLE_BRANCH_HW_INDEX,
  RECORD_HEADER_SIZE,
} from './spec.js';

const TWO_32 = 4294967296;
const HEADER_WORDS = RECORD_HEADER_SIZE / 4;

/**
 * One sample. Lists are places in `words`, where a u64 is two words, the lower half first. Valid until
 * the next record is read.
 */
export class SampleView {
  words: Int32Array = new Int32Array(0);
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
  /** First word of the addresses, and how many there are; 0 without callchain. */
  callchain = 0;
  callchainLength = 0;
  /** `PerfSampleRegsAbi`; 0 where no user registers are there. */
  regsAbi = 0;
  /** First word of the user registers, one u64 per bit of the event's `sample_regs_user`. */
  regs = 0;
  /** First word of the copied user stack, and how many bytes of it are real. */
  stack = 0;
  stackBytes = 0;

  /** `PerfMisc.KERNEL`, `USER`, …: where the sample was taken. */
  get cpuMode(): number {
    return this.misc & PerfMisc.CPUMODE_MASK;
  }
}

/** Where the fields of one event's samples lie, in words from the record's start; -1 for absent ones. */
export class SampleLayout {
  readonly ipWord: number;
  readonly tidWord: number;
  readonly timeWord: number;
  /** The event's ID: of `IDENTIFIER`, else of `ID`. */
  readonly idWord: number;
  readonly cpuWord: number;
  readonly periodWord: number;
  /** Bytes of the `struct sample_id` that ends records other than samples. */
  readonly trailerSize: number;
  /** Bytes from the time, and from `IDENTIFIER`'s or `ID`'s ID, to the record's end. */
  readonly timeFromEnd: number;
  readonly idFromEnd: number;
  /** Where the fields begin whose size the sample itself tells. */
  private readonly variableWord: number;
  private readonly type: number;
  private readonly readFormat: number;
  private readonly fixedPeriod: number;
  private readonly branchHeaderWords: number;
  private readonly branchEntryWords: number;
  private readonly regsCount: number;
  /** In a u64 that is two u32, which word the first one is. */
  private readonly first: number;

  constructor(attr: EventAttr, littleEndian: boolean) {
    const type = attr.sample_type;
    let word = HEADER_WORDS;
    const place = (bit: number): number => {
      if ((type & bit) === 0) return -1;
      word += 2;
      return word - 2;
    };
    const identifier = place(PerfSample.IDENTIFIER);
    this.ipWord = place(PerfSample.IP);
    this.tidWord = place(PerfSample.TID);
    this.timeWord = place(PerfSample.TIME);
    place(PerfSample.ADDR);
    const id = place(PerfSample.ID);
    place(PerfSample.STREAM_ID);
    this.cpuWord = place(PerfSample.CPU);
    this.periodWord = place(PerfSample.PERIOD);
    this.idWord = identifier >= 0 ? identifier : id;
    this.variableWord = word;
    this.type = type;
    this.readFormat = attr.read_format;
    this.fixedPeriod = attr.flags.freq === true ? 1 : attr.sample_period;
    const branch = Number(attr.branch_sample_type & 0xffffffffn);
    this.branchHeaderWords = (branch & PERF_SAMPLE_BRANCH_HW_INDEX) !== 0 ? 2 : 0;
    this.branchEntryWords = (branch & PERF_SAMPLE_BRANCH_COUNTERS) !== 0 ? 8 : 6;
    this.regsCount = bitCount(attr.sample_regs_user);
    this.first = littleEndian ? 0 : 1;

    let fromEnd = 0;
    let timeFromEnd = -1;
    let idFromEnd = -1;
    if (attr.flags.sample_id_all === true) {
      const trailer = [
        PerfSample.IDENTIFIER,
        PerfSample.CPU,
        PerfSample.STREAM_ID,
        PerfSample.ID,
        PerfSample.TIME,
        PerfSample.TID,
      ];
      for (const bit of trailer) {
        if ((type & bit) === 0) continue;
        fromEnd += 8;
        if (bit === PerfSample.TIME) timeFromEnd = fromEnd;
        if (bit === PerfSample.IDENTIFIER || (bit === PerfSample.ID && idFromEnd < 0)) {
          idFromEnd = fromEnd;
        }
      }
    }
    this.trailerSize = fromEnd;
    this.timeFromEnd = timeFromEnd;
    this.idFromEnd = idFromEnd;
  }

  /**
   * Fills `view` from the record of `size` bytes that begins at `base`.
   * @returns false where the record ends before its fields do; the view then holds what came before
   */
  decode(words: Int32Array, base: number, size: number, view: SampleView): boolean {
    const end = base + (size >> 2);
    view.words = words;
    view.callchainLength = 0;
    view.regsAbi = 0;
    view.stackBytes = 0;
    if (base + this.variableWord > end) return false;

    const { first } = this;
    if (this.ipWord >= 0)
      view.ip = addressFrom(words[base + this.ipWord], words[base + this.ipWord + 1]);
    else view.ip = 0;
    if (this.tidWord >= 0) {
      view.pid = words[base + this.tidWord + first];
      view.tid = words[base + this.tidWord + 1 - first];
    }
    view.time = this.timeWord < 0 ? 0 : u64At(words, base + this.timeWord);
    view.cpu = this.cpuWord < 0 ? -1 : words[base + this.cpuWord + first];
    view.period = this.periodWord < 0 ? this.fixedPeriod : u64At(words, base + this.periodWord);
    return this.decodeVariable(words, base + this.variableWord, end, view);
  }

  /** The fields that say themselves how long they are, up to the user stack; what follows is not read. */
  private decodeVariable(words: Int32Array, from: number, end: number, view: SampleView): boolean {
    const { type } = this;
    let at = from;
    if ((type & PerfSample.READ) !== 0) {
      at = this.skipRead(words, at, end);
      if (at < 0) return false;
    }
    if ((type & PerfSample.CALLCHAIN) !== 0) {
      if (at + 2 > end) return false;
      const count = words[at] >>> 0;
      at += 2;
      if (words[at - 1] !== 0 || count > (end - at) >> 1) return false;
      view.callchain = at;
      view.callchainLength = count;
      at += count * 2;
    }
    if ((type & PerfSample.RAW) !== 0) {
      if (at + 1 > end) return false;
      // u32 size and data together fill up u64s.
      const raw = words[at + this.first] >>> 0;
      if (raw > (end - at) * 4) return false;
      at += ((raw + 4 + 7) >> 3) * 2;
    }
    if ((type & PerfSample.BRANCH_STACK) !== 0) {
      if (at + 2 > end) return false;
      const count = words[at] >>> 0;
      at += 2 + this.branchHeaderWords;
      if (words[at - 1 - this.branchHeaderWords] !== 0 || count > end) return false;
      at += count * this.branchEntryWords;
    }
    if ((type & PerfSample.REGS_USER) !== 0) {
      if (at + 2 > end) return false;
      const abi = words[at];
      at += 2;
      if (abi !== 0) {
        if (at + this.regsCount * 2 > end) return false;
        view.regsAbi = abi;
        view.regs = at;
        at += this.regsCount * 2;
      }
    }
    if ((type & PerfSample.STACK_USER) !== 0) {
      if (at + 2 > end) return false;
      const size = words[at] >>> 0;
      at += 2;
      if (size !== 0) {
        // size bytes of room, then how many of them the kernel filled.
        const dynamic = at + (size >> 2);
        if (words[at - 1] !== 0 || dynamic + 2 > end) return false;
        view.stack = at;
        view.stackBytes = Math.min(size, words[dynamic] >>> 0);
        at = dynamic + 2;
      }
    }
    return at <= end;
  }

  /** Past a `struct read_format`; -1 where it does not fit. */
  private skipRead(words: Int32Array, at: number, end: number): number {
    const format = this.readFormat;
    const times =
      ((format & PerfFormat.TOTAL_TIME_ENABLED) !== 0 ? 2 : 0) +
      ((format & PerfFormat.TOTAL_TIME_RUNNING) !== 0 ? 2 : 0);
    const value =
      2 + ((format & PerfFormat.ID) !== 0 ? 2 : 0) + ((format & PerfFormat.LOST) !== 0 ? 2 : 0);
    if ((format & PerfFormat.GROUP) === 0)
      return at + value + times <= end ? at + value + times : -1;
    if (at + 2 > end || words[at + 1] !== 0 || words[at] >>> 0 > end) return -1;
    const after = at + 2 + times + words[at] * value;
    return after <= end ? after : -1;
  }
}

/** A u64 in two words. Times and periods: exact to 2^53, rounded beyond. */
export function u64At(words: Int32Array, at: number): number {
  return (words[at + 1] >>> 0) * TWO_32 + (words[at] >>> 0);
}

function bitCount(mask: bigint): number {
  let count = 0;
  for (let rest = mask; rest !== 0n; rest >>= 1n) if ((rest & 1n) !== 0n) count++;
  return count;
}
