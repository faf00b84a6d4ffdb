/**
 * Where the fields of an event's samples lie, and what lies there. The order of fields is that of
 * `perf_output_sample` (kernel/events/core.c), which the comment of `PERF_RECORD_SAMPLE` in
 * include/uapi/linux/perf_event.h lists.
 */
import { addressFrom } from '../../base/units.js';
import type { EventAttr } from './attr.js';
import type { SampleView } from './sample.js';
import {
  PerfFormat,
  PerfSample,
  PERF_SAMPLE_BRANCH_CALL_STACK,
  PERF_SAMPLE_BRANCH_COUNTERS,
  PERF_SAMPLE_BRANCH_HW_INDEX,
  RECORD_HEADER_SIZE,
} from './spec.js';

const TWO_32 = 4294967296;
const HEADER_WORDS = RECORD_HEADER_SIZE / 4;
/** `struct perf_branch_entry`: from, to, flags. */
export const BRANCH_ENTRY_WORDS = 6;

/** Where the fields of one event's samples lie, in words from the record's start; -1 for absent ones. */
export class SampleLayout {
  readonly ipWord: number;
  readonly tidWord: number;
  readonly timeWord: number;
  readonly addrWord: number;
  /** The event's ID: of `IDENTIFIER`, else of `ID`. */
  readonly idWord: number;
  readonly streamIdWord: number;
  readonly cpuWord: number;
  readonly periodWord: number;
  /** Bytes of the `struct sample_id` that ends records other than samples. */
  readonly trailerSize: number;
  /** Bytes from each field of it to the record's end; the ID is `IDENTIFIER`'s, else `ID`'s. */
  readonly tidFromEnd: number;
  readonly timeFromEnd: number;
  readonly idFromEnd: number;
  readonly cpuFromEnd: number;
  readonly branchHeaderWords: number;
  readonly hasBranchCounters: boolean;
  /** Whether branches are the calls that are still open, and not those that were taken last. */
  readonly branchesAreCalls: boolean;
  readonly hasWeightParts: boolean;
  readonly readFormat: number;
  /** In a u64 that is two u32, which word the first one is. */
  readonly first: number;
  /** Where the fields begin whose size the sample itself tells. */
  private readonly variableWord: number;
  private readonly type: number;
  private readonly fixedPeriod: number;
  private readonly branchEntryWords: number;
  private readonly regsCount: number;
  private readonly regsIntrCount: number;

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
    this.addrWord = place(PerfSample.ADDR);
    const id = place(PerfSample.ID);
    this.streamIdWord = place(PerfSample.STREAM_ID);
    this.cpuWord = place(PerfSample.CPU);
    this.periodWord = place(PerfSample.PERIOD);
    this.idWord = identifier >= 0 ? identifier : id;
    this.variableWord = word;
    this.type = type;
    this.readFormat = attr.read_format;
    this.fixedPeriod = attr.flags.freq === true ? 1 : attr.sample_period;
    const branch = Number(attr.branch_sample_type & 0xffffffffn);
    this.branchHeaderWords = (branch & PERF_SAMPLE_BRANCH_HW_INDEX) !== 0 ? 2 : 0;
    this.hasBranchCounters = (branch & PERF_SAMPLE_BRANCH_COUNTERS) !== 0;
    this.branchesAreCalls = (branch & PERF_SAMPLE_BRANCH_CALL_STACK) !== 0;
    this.hasWeightParts = (type & PerfSample.WEIGHT_STRUCT) !== 0;
    this.branchEntryWords = BRANCH_ENTRY_WORDS + (this.hasBranchCounters ? 2 : 0);
    this.regsCount = bitCount(attr.sample_regs_user);
    this.regsIntrCount = bitCount(attr.sample_regs_intr);
    this.first = littleEndian ? 0 : 1;

    let fromEnd = 0;
    const placeFromEnd = (bit: number): number => {
      if (attr.flags.sample_id_all !== true || (type & bit) === 0) return -1;
      fromEnd += 8;
      return fromEnd;
    };
    const identifierFromEnd = placeFromEnd(PerfSample.IDENTIFIER);
    this.cpuFromEnd = placeFromEnd(PerfSample.CPU);
    placeFromEnd(PerfSample.STREAM_ID);
    const idFromEnd = placeFromEnd(PerfSample.ID);
    this.timeFromEnd = placeFromEnd(PerfSample.TIME);
    this.tidFromEnd = placeFromEnd(PerfSample.TID);
    this.idFromEnd = identifierFromEnd >= 0 ? identifierFromEnd : idFromEnd;
    this.trailerSize = fromEnd;
  }

  /**
   * Fills `view` from the record of `size` bytes that begins at `base`, up to the user stack.
   * @returns false where the record ends before these fields do; the view then holds what came before
   */
  decode(words: Int32Array, base: number, size: number, view: SampleView): boolean {
    if (!this.decodeHead(words, base, size, view)) return false;
    return this.decodeVariable(words, base + this.variableWord, view.end, view);
  }

  /** As {@link decode}, only the fields that every sample of the event has at the same place. */
  decodeHead(words: Int32Array, base: number, size: number, view: SampleView): boolean {
    const end = base + (size >> 2);
    view.words = words;
    view.base = base;
    view.end = end;
    view.layout = this;
    view.read = 0;
    view.callchain = 0;
    view.callchainLength = 0;
    view.raw = 0;
    view.branches = 0;
    view.regsAbi = 0;
    view.stack = 0;
    view.stackBytes = 0;
    view.restWord = end;
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
    return true;
  }

  /** The fields that say themselves how long they are, up to the user stack. */
  private decodeVariable(words: Int32Array, from: number, end: number, view: SampleView): boolean {
    const { type } = this;
    let at = from;
    if ((type & PerfSample.READ) !== 0) {
      view.read = at;
      at = this.skipRead(words, at, end);
      if (at < 0) {
        view.read = 0;
        return false;
      }
    }
    view.chainWord = at;
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
      if (raw > (end - at) * 4 - 4) return false;
      view.raw = at;
      view.rawBytes = raw;
      at += ((raw + 4 + 7) >> 3) * 2;
    }
    if ((type & PerfSample.BRANCH_STACK) !== 0) {
      if (at + 2 > end) return false;
      const count = words[at] >>> 0;
      const entries = at + 2 + this.branchHeaderWords;
      if (words[at + 1] !== 0 || entries + count * this.branchEntryWords > end) return false;
      view.branches = entries;
      view.branchCount = count;
      at = entries + count * this.branchEntryWords;
    }
    view.dumpWord = at;
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
    view.restWord = at;
    return at <= end;
  }

  /** See {@link SampleView.rest}. */
  decodeRest(view: SampleView): boolean {
    const { type } = this;
    const { words, end } = view;
    let at = view.restWord;
    const place = (bit: number): number => {
      if ((type & bit) === 0) return 0;
      at += 2;
      return at <= end ? at - 2 : 0;
    };
    view.weight = place(PerfSample.WEIGHT | PerfSample.WEIGHT_STRUCT);
    view.dataSource = place(PerfSample.DATA_SRC);
    view.transaction = place(PerfSample.TRANSACTION);
    const abi = place(PerfSample.REGS_INTR);
    view.regsIntrAbi = abi === 0 ? 0 : words[abi];
    if (view.regsIntrAbi !== 0) {
      view.regsIntr = at;
      at += this.regsIntrCount * 2;
      if (at > end) view.regsIntrAbi = 0;
    }
    view.physAddrWord = place(PerfSample.PHYS_ADDR);
    view.cgroupWord = place(PerfSample.CGROUP);
    view.dataPageSizeWord = place(PerfSample.DATA_PAGE_SIZE);
    view.codePageSizeWord = place(PerfSample.CODE_PAGE_SIZE);
    const aux = place(PerfSample.AUX);
    const auxBytes = view.number(aux);
    view.aux = aux === 0 ? 0 : at;
    view.auxBytes = Math.min(auxBytes, Math.max(0, end - at) * 4);
    return at <= end && view.auxBytes === auxBytes;
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

/** Puts what {@link u64At} gives. */
export function setU64(words: Int32Array, at: number, value: number): void {
  words[at] = value;
  words[at + 1] = Math.floor(value / TWO_32);
}

/**
 * Copies the words from `start` up to `stop`: few, for which to make two views would cost more.
 * @returns the word behind the copy
 */
export function copyWords(
  from: Int32Array,
  start: number,
  stop: number,
  to: Int32Array,
  at: number,
): number {
  for (let word = start; word < stop; word++) to[at++] = from[word];
  return at;
}

/** How many registers a mask names. */
export function bitCount(mask: bigint): number {
  let count = 0;
  for (let rest = mask; rest !== 0n; rest >>= 1n) if ((rest & 1n) !== 0n) count++;
  return count;
}
