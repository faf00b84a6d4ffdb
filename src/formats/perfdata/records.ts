/**
 * Records one after another, or by their place in the file.
 */
import { Cursor } from '../../base/cursor.js';
import type { ByteSource } from '../../base/source.js';
import type { Bytes, Nanoseconds } from '../../base/units.js';
import { Chunk, ChunkWindow } from './chunks.js';
import type { EventTable } from './events.js';
import { FORMAT, type Section } from './header.js';
import type { SampleView } from './sample.js';
import { u64At, type SampleLayout } from './sample-layout.js';
import {
  MAX_RECORD_SIZE,
  PerfRecord,
  PERF_RECORD_USER_TYPE_START,
  RECORD_HEADER_SIZE,
} from './spec.js';

/** Types are below 90; what is beyond comes of damage, or of other tools. */
const COUNTED_TYPES = 256;

/** So many records are copied before the words are laid anew to fit them. */
const ALIGN_AFTER = 64;

/** Where and why reading ended before the data did. */
export interface EarlyEnd {
  readonly offset: number;
  /** A clause: `a record of 3 bytes`. */
  readonly reason: string;
}

/** Samples from this size on are read in two steps: their beginning, and the rest when it is asked for. */
const LARGE: Bytes = 4096;
const HEAD: Bytes = 1024;
/** So many other records in a row are read as a part of larger chunks again. */
const MAX_SMALL = 64;

/**
 * The records of a section. The fields describe the current one, and hold until the next is read.
 */
export class RecordReader {
  type = 0;
  misc = 0;
  size = 0;
  /** Of the record in the source. */
  offset = 0;
  /** Where the record begins in {@link bytes}. */
  at = 0;
  /** The record as u64s with the lower half first, whatever the file's order, from `wordAt` on. */
  words: Int32Array = new Int32Array(0);
  wordAt = 0;
  /** Set where {@link next} returned false before all was read that was recorded. */
  earlyEnd: EarlyEnd | undefined;
  /** How many records of each type {@link next} has passed; the last counts all beyond. */
  readonly counts = new Uint32Array(COUNTED_TYPES);

  private readonly window: ChunkWindow;
  private memory: Uint8Array = new Uint8Array(0);
  /** Bytes of the current record that are there. */
  private loaded = 0;
  /** Whether the record before was a sample with a copy of its stack: the next will be one, too. */
  private expectsLarge = false;
  /** Other records since then. */
  private smallOnes = 0;
  private readonly head = new Chunk(MAX_RECORD_SIZE + 1);
  private readonly headBytes = this.head.bytes.subarray(0, HEAD);
  private readonly end: number;
  private position: number;
  private unaligned = 0;
  private readonly scratch = new Chunk(MAX_RECORD_SIZE);
  private readonly swapped = new Int32Array((MAX_RECORD_SIZE + 1) / 4);

  /**
   * @param events finds a record's event; an event's place in it is its index
   * @param lost what was lost behind the section, if anything: {@link earlyEnd} at its end
   */
  constructor(
    private readonly source: ByteSource,
    section: Section,
    readonly events: EventTable,
    private readonly lost?: EarlyEnd,
    chunkSize?: number,
  ) {
    this.end = section.offset + section.size;
    this.position = section.offset;
    this.window = new ChunkWindow(source, section.offset, this.end, chunkSize);
  }

  /** Whether compressed records are read before (expand.ts), by readers that know of no event. */
  private get isExpanded(): boolean {
    return this.events.length > 0;
  }

  private get littleEndian(): boolean {
    return this.events.littleEndian;
  }

  /** The record as it lies in the file, from {@link at} on. */
  get bytes(): Uint8Array {
    this.complete();
    return this.memory;
  }

  /** Where the next record begins: behind this one and what belongs to it. */
  get nextOffset(): number {
    return this.position;
  }

  /** Goes to the next record. */
  next(): boolean {
    if (this.earlyEnd !== undefined) return false;
    if (this.position >= this.end) {
      this.earlyEnd = this.lost;
      return false;
    }
    if (!this.load(this.position)) return false;
    if (!this.window.isAligned(this.offset)) this.countUnaligned();
    const { type } = this;
    if ((type === PerfRecord.COMPRESSED || type === PerfRecord.COMPRESSED2) && this.isExpanded) {
      return this.stop(this.offset, 'compressed records, of which its front says nothing');
    }
    this.counts[type < COUNTED_TYPES ? type : COUNTED_TYPES - 1]++;
    this.position += this.size;
    if (type === PerfRecord.AUXTRACE || type === PerfRecord.HEADER_TRACING_DATA) {
      this.position = Math.min(this.end, this.position + this.payloadSize());
    }
    return true;
  }

  /** Goes back to a record that {@link next} passed. False where the file changed under us. */
  seek(offset: number): boolean {
    return this.load(offset);
  }

  /** The thread that the `sample_id` at the end of the current record names; -1 where it has none. */
  get tid(): number {
    return this.trailerNumber(this.layout.tidFromEnd, 1);
  }

  /** As {@link tid}: its process, and the CPU. */
  get pid(): number {
    return this.trailerNumber(this.layout.tidFromEnd, 0);
  }

  get cpu(): number {
    return this.trailerNumber(this.layout.cpuFromEnd, 0);
  }

  /** Index of the current record's event: -1 where its ID is of no event. */
  get event(): number {
    const { events } = this;
    if (events.length === 1) return 0;
    const place =
      this.type === PerfRecord.SAMPLE ? events.idWord : this.trailerWord(events.idFromEnd);
    if (place < 0 || place * 4 + 8 > this.size) return 0;
    return events.indexOfId(u64At(this.words, this.wordAt + place));
  }

  /** The current record's time; 0 where it has none, as records that perf made up. */
  get time(): Nanoseconds {
    if (this.type >= PERF_RECORD_USER_TYPE_START) return 0;
    const layout = this.layout;
    const word =
      this.type === PerfRecord.SAMPLE ? layout.timeWord : this.trailerWord(layout.timeFromEnd);
    if (word < 2 || word * 4 + 8 > this.size) return 0;
    return u64At(this.words, this.wordAt + word);
  }

  /** Reads the current record, a SAMPLE, into `view`; false where it is damaged or of no known event. */
  sample(view: SampleView): boolean {
    const event = this.event;
    if (event < 0 || !this.complete()) return false;
    view.event = event;
    view.misc = this.misc;
    return this.events.layouts[event].decode(this.words, this.wordAt, this.size, view);
  }

  /** As {@link sample}, without what is as long as the sample says: the copy of its stack is not read. */
  sampleHead(view: SampleView): boolean {
    const event = this.event;
    if (event < 0) return false;
    view.event = event;
    view.misc = this.misc;
    return this.events.layouts[event].decodeHead(this.words, this.wordAt, this.size, view);
  }

  /** The raw data of the current sample, sharing memory, in the file's byte order. */
  raw(view: SampleView): Uint8Array {
    if (view.raw === 0) return new Uint8Array(0);
    const from = this.at + (view.raw - view.base) * 4 + 4;
    return this.bytes.subarray(from, from + view.rawBytes);
  }

  /** The record between its header and the `sample_id` that ends it (see sideband.ts). */
  body(): Cursor {
    const trailer = this.type < PERF_RECORD_USER_TYPE_START ? this.layout.trailerSize : 0;
    const size = Math.max(0, this.size - RECORD_HEADER_SIZE - trailer);
    const from = this.at + RECORD_HEADER_SIZE;
    const cursor = new Cursor(
      this.bytes.subarray(from, from + size),
      FORMAT,
      this.littleEndian,
      this.offset + RECORD_HEADER_SIZE,
    );
    cursor.structure = `record of type ${this.type}`;
    return cursor;
  }

  private get layout(): SampleLayout {
    return this.events.layouts[Math.max(0, this.event)];
  }

  /** Word at `fromEnd` bytes before the record's end. */
  private trailerWord(fromEnd: number): number {
    return fromEnd < 0 ? -1 : (this.size - fromEnd) >> 2;
  }

  /** One of the two u32 of the u64 at `fromEnd` bytes before the record's end. */
  private trailerNumber(fromEnd: number, which: 0 | 1): number {
    const word = this.trailerWord(fromEnd);
    if (this.type >= PERF_RECORD_USER_TYPE_START || word < 2) return -1;
    return this.words[this.wordAt + word + (this.littleEndian ? which : 1 - which)];
  }

  private load(offset: number): boolean {
    if (this.expectsLarge && this.loadHead(offset)) return true;
    const header =
      this.window.chunk(offset, RECORD_HEADER_SIZE) ?? this.copied(offset, RECORD_HEADER_SIZE);
    if (header === undefined)
      return this.stop(offset, `${this.end - offset} bytes of a record's header`);
    let at = offset - header.start;
    const size = header.view.getUint16(at + 6, this.littleEndian);
    this.offset = offset;
    this.type = header.view.getUint32(at, this.littleEndian);
    this.misc = header.view.getUint16(at + 4, this.littleEndian);
    this.size = size;
    if (size < RECORD_HEADER_SIZE) return this.stop(offset, `a record of ${size} bytes`);

    // Words need alignment, which every recorder keeps; a record that is not aligned is copied.
    const isWhole = (at & 7) === 0 && at + size <= header.filled;
    const whole = isWhole ? header : this.copied(offset, size);
    if (whole === undefined) {
      return this.stop(offset, `${this.end - offset} bytes of a record of ${size}`);
    }
    at = offset - whole.start;
    this.memory = whole.bytes;
    this.at = at;
    this.loaded = size;
    this.expectsLarge =
      this.type === PerfRecord.SAMPLE &&
      size >= LARGE &&
      this.littleEndian &&
      this.source.readInto !== undefined;
    if (this.littleEndian) {
      this.words = whole.words;
      this.wordAt = at >> 2;
    } else {
      this.swapWords(whole);
    }
    return true;
  }

  /**
   * Where samples carry copies of stacks, the beginning of a record tells its place in time, which is all
   * that is asked of it at first; and of samples that other threads unwind it is all for ever.
   * @returns false where the record is to be read in the ordinary way
   */
  private loadHead(offset: number): boolean {
    const { head, end } = this;
    const wanted = end - offset < HEAD ? head.bytes.subarray(0, end - offset) : this.headBytes;
    const got = this.source.readInto?.(wanted, offset) ?? 0;
    if (got < RECORD_HEADER_SIZE) return false;
    const type = head.view.getUint32(0, true);
    const size = head.view.getUint16(6, true);
    const isSample = type === PerfRecord.SAMPLE;
    const isLarge = isSample && size >= LARGE && got === HEAD && offset + size <= end;
    if (size < RECORD_HEADER_SIZE || (size > got && !isLarge)) return false;
    this.smallOnes = isSample ? 0 : this.smallOnes + 1;
    if (this.smallOnes > MAX_SMALL) this.expectsLarge = false;
    this.offset = offset;
    this.type = type;
    this.misc = head.view.getUint16(4, true);
    this.size = size;
    this.memory = head.bytes;
    this.at = 0;
    this.words = head.words;
    this.wordAt = 0;
    this.loaded = Math.min(size, got);
    return true;
  }

  /** Reads what is missing of the current record. False where the file shrank under us. */
  private complete(): boolean {
    while (this.loaded < this.size) {
      const target = this.head.bytes.subarray(this.loaded, this.size);
      const got = this.source.readInto?.(target, this.offset + this.loaded) ?? 0;
      if (got === 0) return false;
      this.loaded += got;
    }
    return true;
  }

  /** In pipe mode a record of odd size comes first (a feature's), and shifts all that follow. */
  private countUnaligned(): void {
    if (++this.unaligned < ALIGN_AFTER) return;
    this.unaligned = 0;
    // The record that was just read is in memory of its own.
    this.window.align(this.offset);
  }

  private copied(offset: number, size: number): Chunk | undefined {
    const { scratch } = this;
    scratch.start = offset;
    scratch.filled = this.window.copy(offset, scratch.bytes.subarray(0, size));
    return scratch.filled === size ? scratch : undefined;
  }

  /** A big-endian record as u64s of this machine, which is little-endian wherever Strata runs. */
  private swapWords(from: Chunk): void {
    const words = this.swapped;
    const count = (this.size + 7) >> 3;
    for (let i = 0; i < count; i++) {
      const byte = this.at + i * 8;
      words[i * 2] = byte + 8 <= from.view.byteLength ? from.view.getInt32(byte + 4) : 0;
      words[i * 2 + 1] = byte + 4 <= from.view.byteLength ? from.view.getInt32(byte) : 0;
    }
    this.words = words;
    this.wordAt = 0;
  }

  /** Bytes that follow these two types of record and that their sizes do not count. */
  private payloadSize(): number {
    const body = this.body();
    if (this.type === PerfRecord.AUXTRACE) return body.remaining >= 8 ? Number(body.u64big()) : 0;
    return body.remaining >= 4 ? body.u32() : 0;
  }

  private stop(offset: number, reason: string): false {
    this.earlyEnd = { offset, reason };
    return false;
  }
}
