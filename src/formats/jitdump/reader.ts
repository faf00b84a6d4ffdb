/**
 * The index of a jitdump: one pass over the file, which may be hundreds of megabytes, into columns. Names,
 * unwinding information, lines and code are read when asked for.
 */
import { Cursor, decodeUtf8 } from '../../base/cursor.js';
import { FormatError, orUndefined } from '../../base/errors.js';
import { Float64Column, Int32Column } from '../../base/growable.js';
import { gatherFloat64, latestOfOverlapping } from '../../base/order.js';
import type { ByteSource } from '../../base/source.js';
import type { Address, Nanoseconds } from '../../base/units.js';
import type { GeneratedFunctions } from '../perfmap.js';
import { readHeader, type JitHeader } from './header.js';
import { readLineTable, type LineTable } from './lines.js';
import {
  CODE_LOAD_SIZE,
  DEBUG_INFO_SIZE,
  JitRecord,
  PREFIX_SIZE,
  UNWINDING_INFO_SIZE,
} from './spec.js';
import { readEhFrame } from './unwinding.js';

const FORMAT = 'jitdump';
/** What is read at once; records are larger only if their code is, which is passed over. */
const WINDOW = 1 << 20;
/** The largest fixed part of a record. */
const FIXED_SIZE = 64;
/** Loads and moves that are kept: some 60 bytes each here, and as much again where they are mapped. */
const MAX_EVENTS = 1 << 21;
/** User addresses; also what keeps `address + size` exact. */
const MAX_ADDRESS: Address = 2 ** 52;
const MAX_CODE_SIZE = 2 ** 30;
/** Kinds of records that newer writers may add; what is larger is no kind. */
const MAX_ID = 255;
/** In all, for where records go on behind damage. */
const MAX_SEARCH = 1 << 26;
/** An hour: what tells records from other bytes. */
const NEAR_TIME: Nanoseconds = 3.6e12;
const MAX_NAME_SIZE = 1 << 16;
/** Unwinding and debug information of one function, or its code. */
const MAX_TABLE_SIZE = 1 << 24;

/** The columns of loads and moves, in the order of the file. */
class Events {
  /** CLOCK_MONOTONIC in ns, or the processor's counter. */
  readonly times = new Float64Column();
  /** Where the code begins; of a move, where it begins then. */
  readonly addresses = new Float64Column();
  /** Of the code, in bytes: positive. */
  readonly sizes = new Float64Column();
  /** The row of the load: its own, or that of the function that is moved. */
  readonly loads = new Int32Column();
  /** Offset of the record. */
  readonly records = new Float64Column();
  /** Offsets of the records with its unwinding and debug information; -1 where there are none. */
  readonly unwinding = new Float64Column();
  readonly debug = new Float64Column();
}

/** Generated functions, by row: each load and each move is one. */
export class JitDump {
  readonly times: Float64Array;
  readonly addresses: Float64Array;
  readonly sizes: Float64Array;
  /** Of moves the row of what is moved, else the row itself. */
  readonly loads: Int32Array;

  constructor(
    readonly header: JitHeader,
    /** Why not all of the file is here, in words; `undefined` where all is. */
    readonly gap: string | undefined,
    private readonly source: ByteSource,
    private readonly events: Events,
  ) {
    this.times = events.times.view();
    this.addresses = events.addresses.view();
    this.sizes = events.sizes.view();
    this.loads = events.loads.view();
  }

  get length(): number {
    return this.times.length;
  }

  /** The functions as they stood when the last of them was made. */
  latest(): GeneratedFunctions {
    const rows = latestOfOverlapping(this.addresses, this.sizes);
    return {
      starts: gatherFloat64(this.addresses, rows),
      sizes: gatherFloat64(this.sizes, rows),
      length: rows.length,
      name: (i) => this.name(rows[i]),
    };
  }

  name(row: number): string {
    return decodeUtf8(this.named(this.loads[row]).name);
  }

  /** The function's code, which follows its name; `undefined` where it was left out, or is too large. */
  code(row: number): Uint8Array | undefined {
    const { name, at, hasCode } = this.named(this.loads[row]);
    const size = this.sizes[this.loads[row]];
    if (!hasCode || size > MAX_TABLE_SIZE) return undefined;
    const bytes = this.source.read(at + name.byteLength + 1, size);
    return bytes.byteLength === size ? bytes : undefined;
  }

  /** A load's name, where it stands, and whether code follows: writers may leave it out. */
  private named(load: number) {
    const record = this.events.records.data[load];
    const at = record + CODE_LOAD_SIZE;
    const room = this.recordSize(record) - CODE_LOAD_SIZE;
    const hasCode = room > this.sizes[load];
    const size = hasCode ? room - this.sizes[load] : room;
    const bytes = this.source.read(at, Math.min(size, MAX_NAME_SIZE));
    const end = bytes.indexOf(0);
    return { name: end < 0 ? bytes : bytes.subarray(0, end), at, hasCode };
  }

  /** The bytes of the function's `.eh_frame`; `undefined` where it has none. */
  ehFrame(row: number): Uint8Array | undefined {
    const cursor = this.record(this.events.unwinding.data[this.loads[row]], UNWINDING_INFO_SIZE);
    return cursor && orUndefined(() => readEhFrame(cursor), FormatError);
  }

  /** The function's source lines, by offset in its code; `undefined` where it has none. */
  lines(row: number): LineTable | undefined {
    const load = this.loads[row];
    const cursor = this.record(this.events.debug.data[load], DEBUG_INFO_SIZE);
    const { lineShift } = this.header;
    return (
      cursor && orUndefined(() => readLineTable(cursor, this.sizes[load], lineShift), FormatError)
    );
  }

  /** A cursor behind the prefix of a record of at least `least` bytes. */
  private record(at: number, least: number): Cursor | undefined {
    if (at < 0) return undefined;
    const size = this.recordSize(at);
    if (size < least || size > MAX_TABLE_SIZE) return undefined;
    const bytes = this.source.read(at, size);
    return new Cursor(bytes, FORMAT, this.header.littleEndian, at, PREFIX_SIZE);
  }

  private recordSize(at: number): number {
    const cursor = new Cursor(this.source.read(at, 8), FORMAT, this.header.littleEndian, at);
    cursor.skip(4);
    return cursor.u32();
  }
}

/**
 * Indexes a jitdump.
 * @param source stays in use by the result
 * @throws FormatError where the header is none; what is wrong behind it is the result's `gap`
 */
export function readJitDump(source: ByteSource): JitDump {
  const { header, size } = readHeader(source);
  const events = new Events();
  const gap = new Indexer(source, header.littleEndian, events).run(size);
  return new JitDump(header, gap, source, events);
}

/** The pass over the records. */
class Indexer {
  private window: Cursor;
  private windowAt = 0;
  /** Offsets of what belongs to the next load. */
  private unwinding = -1;
  private debug = -1;
  private debugAddress: Address = -1;
  /** By `code_index`, filled from when the first move asks on. */
  private rowOfIndex: Map<number, number> | undefined;
  private readonly indexes = new Float64Column();
  private damaged = 0;
  /** Of the last sound record. */
  private time = 0;
  /** Bytes that {@link resume} may still look through. */
  private searchLeft = MAX_SEARCH;

  constructor(
    private readonly source: ByteSource,
    private readonly littleEndian: boolean,
    private readonly events: Events,
  ) {
    this.window = new Cursor(new Uint8Array(0), FORMAT, littleEndian);
  }

  /** @returns why the index is not whole */
  run(start: number): string | undefined {
    const { byteLength } = this.source;
    let at = start;
    while (at + PREFIX_SIZE <= byteLength) {
      const { id, size, time } = this.prefix(at);
      const isNone = size < PREFIX_SIZE || id > MAX_ID;
      const isCut = at + size > byteLength;
      if (isNone || isCut || this.isStray(at + size, time)) {
        const next = this.resume(at + 1);
        if (next !== undefined) {
          at = next;
          continue;
        }
        if (isNone) return `it is damaged at byte ${at}`;
        // Of what was being written when the program died, only a load whose name is there is of use.
        if (isCut && !(id === JitRecord.CODE_LOAD && this.hasName(at))) break;
      }
      this.time = time;
      if (this.events.times.length >= MAX_EVENTS) {
        return `only its first ${MAX_EVENTS} functions are read`;
      }
      try {
        this.add(at, id, size, time);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        if (!isCut) this.damaged++;
      }
      at += size;
    }
    if (at !== byteLength) return 'it ends in the middle of a record';
    return this.damaged > 0 ? `${this.damaged} of its records are damaged` : undefined;
  }

  /**
   * Where records go on behind what is none. CPython's forked children write what their parent had not yet
   * written, then the parent writes it again: from the middle of a record on.
   */
  private resume(from: number): number | undefined {
    const { byteLength } = this.source;
    const end = Math.min(byteLength - PREFIX_SIZE, from + this.searchLeft);
    for (let at = from; at <= end; at++) {
      const size = this.sizeOfLikely(at);
      if (size === 0 || at + size > byteLength) continue;
      // At the end, or before another.
      if (at + size + PREFIX_SIZE > byteLength || this.sizeOfLikely(at + size) > 0) {
        this.searchLeft -= at - from;
        this.unwinding = -1;
        this.debug = -1;
        return at;
      }
    }
    this.searchLeft = 0;
    return undefined;
  }

  /** Whether what seems a record is far in time from the one before, and from what would be the next. */
  private isStray(end: number, time: number): boolean {
    if (isNear(time, this.time) || end + PREFIX_SIZE > this.source.byteLength) return false;
    return !isNear(time, this.prefix(end).time);
  }

  /** The size of a record of a known kind and of about the time of the one before; 0 where none is. */
  private sizeOfLikely(at: number): number {
    const { id, size, time } = this.prefix(at);
    const isLikely = id <= JitRecord.CODE_UNWINDING_INFO && size >= PREFIX_SIZE;
    return isLikely && isNear(time, this.time) ? size : 0;
  }

  private prefix(at: number): {
    readonly id: number;
    readonly size: number;
    readonly time: number;
  } {
    const cursor = this.at(at);
    return { id: cursor.u32(), size: cursor.u32(), time: cursor.address() };
  }

  /** A cursor at an offset, with the fixed part of the record there if the file holds it. */
  private at(offset: number): Cursor {
    const { source } = this;
    const end = this.windowAt + this.window.bytes.byteLength;
    if (offset < this.windowAt || Math.min(offset + FIXED_SIZE, source.byteLength) > end) {
      this.windowAt = offset;
      this.window = new Cursor(source.read(offset, WINDOW), FORMAT, this.littleEndian, offset);
    }
    this.window.seek(offset - this.windowAt);
    return this.window;
  }

  private hasName(at: number): boolean {
    return this.source.read(at + CODE_LOAD_SIZE, MAX_NAME_SIZE).includes(0);
  }

  private add(at: number, id: number, size: number, time: number): void {
    const cursor = this.at(at);
    cursor.skip(PREFIX_SIZE);
    switch (id) {
      case JitRecord.CODE_LOAD:
        this.addLoad(cursor, at, size, time);
        break;
      case JitRecord.CODE_MOVE:
        this.addMove(cursor, at, time);
        break;
      case JitRecord.CODE_DEBUG_INFO:
        this.debugAddress = cursor.address();
        this.debug = at;
        break;
      case JitRecord.CODE_UNWINDING_INFO:
        this.unwinding = at;
        break;
      default: // CODE_CLOSE, or of a newer writer
    }
  }

  private addLoad(cursor: Cursor, at: number, size: number, time: number): void {
    const { unwinding, debug, debugAddress } = this;
    this.unwinding = -1;
    this.debug = -1;
    cursor.structure = 'jr_code_load';
    if (size <= CODE_LOAD_SIZE) throw cursor.fault('a name', 'none');
    cursor.skip(16); // pid, tid, vma
    const address = cursor.address();
    const codeSize = cursor.u64();
    const index = cursor.address();
    if (codeSize === 0) return; // allowed by the specification
    // Threads may write at once: what was found must be of this function.
    const ownDebug = debugAddress === address ? debug : -1;
    const row = this.push(time, address, codeSize, at, unwinding, ownDebug);
    this.indexes.push(index);
    this.rowOfIndex?.set(index, row);
  }

  private addMove(cursor: Cursor, at: number, time: number): void {
    cursor.structure = 'jr_code_move';
    cursor.skip(24); // pid, tid, vma, old_code_addr
    const address = cursor.address();
    const codeSize = cursor.u64();
    const index = cursor.address();
    this.rowOfIndex ??= rowsByIndex(this.indexes.view());
    const load = this.rowOfIndex.get(index);
    if (load === undefined) throw cursor.fault('the index of an earlier load', `${index}`, 8);
    if (codeSize === 0) return;
    const row = this.push(time, address, codeSize, at, -1, -1);
    this.indexes.push(NaN);
    this.events.loads.data[row] = load;
  }

  private push(
    time: number,
    address: Address,
    size: number,
    record: number,
    unwinding: number,
    debug: number,
  ): number {
    if (!(address > 0 && address < MAX_ADDRESS && size <= MAX_CODE_SIZE)) {
      throw this.window.fault('code in user memory', `${size} bytes at ${address}`);
    }
    const { events } = this;
    events.times.push(time);
    events.addresses.push(address);
    events.sizes.push(size);
    events.records.push(record);
    events.unwinding.push(unwinding);
    events.debug.push(debug);
    return events.loads.push(events.loads.length);
  }
}

function isNear(time: Nanoseconds, other: Nanoseconds): boolean {
  return Math.abs(time - other) < NEAR_TIME;
}

function rowsByIndex(indexes: Float64Array): Map<number, number> {
  const rows = new Map<number, number>();
  for (let row = 0; row < indexes.length; row++) rows.set(indexes[row], row);
  return rows;
}
