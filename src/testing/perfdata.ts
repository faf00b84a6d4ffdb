/**
 * Writes small perf.data files field by field, in either byte order and every form of the format:
 * recordings that no machine at hand would make.
 */
import type { AttrFlag, EventAttr } from '../formats/perfdata/attr.js';
import { PerfContext, PerfMisc, PerfRecord, PerfSample } from '../formats/perfdata/spec.js';

const ATTR_SIZE = 136;
const HEADER_SIZE = 104;
const FIRST_HEADER_SIZE = 72;
const PIPE_HEADER_SIZE = 16;
const EVENT_ID = 7;

export interface SampleFields {
  readonly pid: number;
  readonly tid?: number;
  readonly time: number;
  readonly ip?: number;
  /** Callers' addresses, innermost first; kernel addresses are negative. */
  readonly callers?: readonly number[];
  readonly misc?: number;
  readonly id?: number;
}

/** Bytes in a byte order. */
export class Bytes {
  private readonly parts: number[] = [];
  constructor(readonly littleEndian: boolean) {}

  get length(): number {
    return this.parts.length;
  }

  number(value: bigint, size: number): this {
    for (let i = 0; i < size; i++) {
      const shift = BigInt(8 * (this.littleEndian ? i : size - 1 - i));
      this.parts.push(Number((BigInt.asUintN(64, value) >> shift) & 0xffn));
    }
    return this;
  }
  u16(value: number): this {
    return this.number(BigInt(value), 2);
  }
  u32(value: number): this {
    return this.number(BigInt(value), 4);
  }
  u64(...values: number[]): this {
    for (const value of values) this.number(BigInt(value), 8);
    return this;
  }
  text(text: string): this {
    const bytes = [...Buffer.from(`${text}\0`)];
    while (bytes.length % 8 !== 0) bytes.push(0);
    this.parts.push(...bytes);
    return this;
  }
  /** `struct perf_header_string`. */
  string(text: string): this {
    const bytes = Buffer.from(`${text}\0`);
    const size = Math.ceil(bytes.length / 64) * 64;
    return this.u32(size)
      .raw(bytes)
      .raw(Array(size - bytes.length).fill(0));
  }
  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.parts.push(byte);
    return this;
  }
  done(): Uint8Array {
    return Uint8Array.from(this.parts);
  }
}

/** An event of a file. */
export interface WrittenEvent {
  readonly attr: WrittenAttr;
  readonly ids: readonly number[];
}

/** The fields that tests need; the others are 0. */
export type WrittenAttr = Partial<
  Pick<
    EventAttr,
    | 'type'
    | 'config'
    | 'sample_period'
    | 'sample_type'
    | 'read_format'
    | 'flags'
    | 'branch_sample_type'
    | 'sample_regs_user'
    | 'sample_stack_user'
    | 'sample_regs_intr'
  >
>;

/** Bits of the flags word, which count from the other end on big-endian machines. */
const FLAG_BITS: Partial<Record<AttrFlag, number>> = { inherit: 1, freq: 10, sample_id_all: 18 };

/** `struct perf_event_attr` in the size of an earlier version: 64, 72, 80, 96, 104, 112, 120, 128. */
export function attrBytes(attr: WrittenAttr, littleEndian: boolean, size = ATTR_SIZE): Uint8Array {
  const out = new Bytes(littleEndian);
  const flags = new Uint8Array(8);
  for (const [name, bit] of Object.entries(FLAG_BITS)) {
    if (attr.flags?.[name as AttrFlag] !== true) continue;
    flags[bit >> 3] |= 1 << (littleEndian ? bit & 7 : 7 - (bit & 7));
  }
  out.u32(attr.type ?? 0).u32(size);
  out.number(attr.config ?? 0n, 8).u64(attr.sample_period ?? 0);
  out.u64(attr.sample_type ?? 0, attr.read_format ?? 0).raw(flags);
  out
    .u32(0)
    .u32(0)
    .u64(0, 0)
    .number(attr.branch_sample_type ?? 0n, 8);
  out.number(attr.sample_regs_user ?? 0n, 8).u32(attr.sample_stack_user ?? 0);
  out.u32(0).number(attr.sample_regs_intr ?? 0n, 8);
  while (out.length < ATTR_SIZE) out.raw([0]);
  return out.done().subarray(0, size);
}

/** A record: header and body. */
export function recordBytes(
  littleEndian: boolean,
  type: number,
  misc: number,
  body: (out: Bytes) => void,
): Uint8Array {
  const bytes = new Bytes(littleEndian);
  body(bytes);
  return new Bytes(littleEndian)
    .u32(type)
    .u16(misc)
    .u16(bytes.length + 8)
    .raw(bytes.done())
    .done();
}

export interface FileForm {
  readonly littleEndian?: boolean;
  readonly version?: 1 | 2;
  readonly attrSize?: number;
  /** Sections by number. */
  readonly features?: ReadonlyMap<number, Uint8Array>;
  /** Names of tracepoints, by `config`; without features the header is the first version's. */
  readonly eventTypes?: ReadonlyMap<number, string>;
}

/** A file: header, IDs, attributes, tracepoint names, records, features. */
export function fileBytes(
  events: readonly WrittenEvent[],
  data: Uint8Array,
  form: FileForm = {},
): Uint8Array {
  const { littleEndian = true, version = 2, attrSize = ATTR_SIZE } = form;
  const { features = new Map<number, Uint8Array>(), eventTypes = new Map<number, string>() } = form;
  const headerSize = version === 1 && features.size === 0 ? FIRST_HEADER_SIZE : HEADER_SIZE;
  const idsSize = events.reduce((sum, { ids }) => sum + ids.length * 8, 0);
  const attrsAt = headerSize + idsSize;
  const typesAt = attrsAt + events.length * (attrSize + 16);
  const dataAt = typesAt + eventTypes.size * 72;
  const tableAt = dataAt + data.byteLength;

  const file = magic(littleEndian, version);
  file.u64(headerSize, attrSize + 16, attrsAt, typesAt - attrsAt);
  file.u64(dataAt, data.byteLength, typesAt, eventTypes.size * 72);
  if (headerSize === HEADER_SIZE) {
    const words = [0n, 0n, 0n, 0n];
    for (const feature of features.keys()) words[feature >> 6] |= 1n << BigInt(feature & 63);
    for (const word of words) file.number(word, 8);
  }
  for (const { ids } of events) file.u64(...ids);
  let idsAt = headerSize;
  for (const { attr, ids } of events) {
    file.raw(attrBytes(attr, littleEndian, attrSize)).u64(idsAt, ids.length * 8);
    idsAt += ids.length * 8;
  }
  for (const [config, name] of eventTypes) {
    file.u64(config).raw(Buffer.from(name.padEnd(64, '\0')));
  }
  file.raw(data);
  const sorted = [...features].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
  let at = tableAt + sorted.length * 16;
  for (const { byteLength } of sorted) {
    file.u64(at, byteLength);
    at += byteLength;
  }
  for (const bytes of sorted) file.raw(bytes);
  return file.done();
}

/** Pipe mode: events and features are records before the others. */
export function pipeBytes(
  events: readonly WrittenEvent[],
  data: Uint8Array,
  { littleEndian = true, version = 2, attrSize = ATTR_SIZE, features = new Map() }: FileForm = {},
): Uint8Array {
  const out = magic(littleEndian, version).u64(PIPE_HEADER_SIZE);
  const record = (type: number, body: (out: Bytes) => void): void =>
    void out.raw(recordBytes(littleEndian, type, 0, body));
  for (const { attr, ids } of events) {
    record(PerfRecord.HEADER_ATTR, (body) =>
      body.raw(attrBytes(attr, littleEndian, attrSize)).u64(...ids),
    );
  }
  for (const [feature, bytes] of features) {
    record(PerfRecord.HEADER_FEATURE, (body) => body.u64(feature).raw(bytes));
  }
  record(PerfRecord.HEADER_FEATURE, (body) => body.u64(32)); // the end of the features
  return out.raw(data).done();
}

function magic(littleEndian: boolean, version: 1 | 2): Bytes {
  const out = new Bytes(littleEndian);
  return version === 1 ? out.raw(Buffer.from('PERFFILE')) : out.number(0x32454c4946524550n, 8);
}

/** A zstd frame (RFC 8878) without end, of blocks that are stored as they are. */
export function storedZstd(content: Uint8Array, blockSize = 1000): Uint8Array {
  const out = new Bytes(true);
  out.u32(0xfd2fb528).raw([0, 9 << 3]); // a window of 512 KiB, as perf's
  for (let at = 0; at < content.byteLength; at += blockSize) {
    const block = content.subarray(at, at + blockSize);
    out.number(BigInt(block.byteLength << 3), 3).raw(block);
  }
  return out.done();
}

/** COMPRESSED or COMPRESSED2 records that hold `stream`, cut into pieces. */
export function compressedRecords(
  littleEndian: boolean,
  type: number,
  stream: Uint8Array,
  pieceSize: number,
): Uint8Array {
  const out = new Bytes(littleEndian);
  for (let at = 0; at < stream.byteLength; at += pieceSize) {
    const piece = stream.subarray(at, at + pieceSize);
    const isSecond = type === PerfRecord.COMPRESSED2;
    const padding = isSecond ? -piece.byteLength & 7 : 0;
    out.raw(
      recordBytes(littleEndian, type, 0, (body) => {
        if (isSecond) body.u64(piece.byteLength);
        body.raw(piece).raw(Array(padding).fill(0));
      }),
    );
  }
  return out.done();
}

/** One event, `cpu-clock` with a period of 1,000, whose samples carry every kind of field. */
export class RecordingWriter {
  static readonly sampleType =
    PerfSample.IDENTIFIER |
    PerfSample.IP |
    PerfSample.TID |
    PerfSample.TIME |
    PerfSample.ADDR |
    PerfSample.ID |
    PerfSample.STREAM_ID |
    PerfSample.CPU |
    PerfSample.PERIOD |
    PerfSample.READ |
    PerfSample.CALLCHAIN |
    PerfSample.RAW |
    PerfSample.BRANCH_STACK |
    PerfSample.REGS_INTR;

  private readonly data: Bytes;

  /** @param dumps adds user registers (two) and stack copies to the samples */
  constructor(
    readonly littleEndian = true,
    private readonly dumps = false,
  ) {
    this.data = new Bytes(littleEndian);
  }

  private get sampleType(): number {
    const dump = PerfSample.REGS_USER | PerfSample.STACK_USER;
    return RecordingWriter.sampleType | (this.dumps ? dump : 0);
  }

  record(type: number, misc: number, body: (out: Bytes) => void): this {
    this.data.raw(recordBytes(this.littleEndian, type, misc, body));
    return this;
  }

  sample({ pid, tid = pid, time, ip = 0x1234, callers, misc, id = EVENT_ID }: SampleFields): this {
    const mode = misc ?? (ip < 0 ? PerfMisc.KERNEL : PerfMisc.USER);
    const context = ip < 0 ? PerfContext.KERNEL : PerfContext.USER;
    const chain = callers === undefined ? [] : [context, ip, ...callers];
    return this.record(PerfRecord.SAMPLE, mode, (out) => {
      out.u64(id, ip).u32(pid).u32(tid).u64(time, 0xadd7, id, 99).u32(3).u32(0).u64(1000);
      out.u64(2, 50, 51, 11, 101, 12, 102); // read_format: a group of two with both times and losses
      out.u64(chain.length, ...chain);
      out.u32(12).raw(Array(12).fill(0xee));
      out.u64(1, 1, 2, 3); // one branch
      if (this.dumps) out.u64(2, 0xbb, 0x7fff0000).u64(16, 0xd0, 0xd1, 8);
      out.u64(0); // no registers at the interrupt
    });
  }

  comm(pid: number, comm: string, time: number, exec = false): this {
    return this.record(PerfRecord.COMM, exec ? PerfMisc.COMM_EXEC : 0, (out) => {
      this.trailer(out.u32(pid).u32(pid).text(comm), pid, time);
    });
  }

  mmap(
    pid: number,
    start: number,
    length: number,
    pgoff: number,
    path: string,
    time: number,
  ): this {
    return this.record(PerfRecord.MMAP2, PerfMisc.USER, (out) => {
      out.u32(pid).u32(pid).u64(start, length, pgoff);
      out.u32(8).u32(1).u64(4711, 0).u32(5).u32(2).text(path);
      this.trailer(out, pid, time);
    });
  }

  /** A new process, or with `tid` a new thread of `parent`. */
  fork(pid: number, parent: number, time: number, tid = pid): this {
    return this.record(PerfRecord.FORK, 0, (out) => {
      this.trailer(out.u32(pid).u32(parent).u32(tid).u32(parent).u64(time), pid, time);
    });
  }

  lost(count: number, time: number): this {
    return this.record(PerfRecord.LOST, 0, (out) =>
      this.trailer(out.u64(EVENT_ID, count), 0, time),
    );
  }

  throttle(time: number): this {
    return this.record(PerfRecord.THROTTLE, 0, (out) =>
      this.trailer(out.u64(time, EVENT_ID, 0), 0, time),
    );
  }

  round(): this {
    return this.record(PerfRecord.FINISHED_ROUND, 0, () => {});
  }

  /** The file. */
  bytes(form: Omit<FileForm, 'littleEndian'> = {}): Uint8Array {
    const { littleEndian } = this;
    return fileBytes([this.event], this.data.done(), { ...form, littleEndian });
  }

  /** The same in pipe mode. */
  pipe(form: Omit<FileForm, 'littleEndian'> = {}): Uint8Array {
    const { littleEndian } = this;
    return pipeBytes([this.event], this.data.done(), { ...form, littleEndian });
  }

  /** The records alone. */
  records(): Uint8Array {
    return this.data.done();
  }

  get event(): WrittenEvent {
    const attr = {
      type: 1,
      sample_period: 1000,
      sample_type: this.sampleType,
      read_format: 1 | 2 | 8 | 16,
      flags: { sample_id_all: true },
      sample_regs_user: 0b1000_0000_1n,
      sample_stack_user: 16,
    };
    return { attr, ids: [EVENT_ID] };
  }

  private trailer(out: Bytes, pid: number, time: number): void {
    out.u32(pid).u32(pid).u64(time, EVENT_ID, 99).u32(3).u32(0).u64(EVENT_ID);
  }
}
