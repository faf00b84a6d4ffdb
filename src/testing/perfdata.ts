/**
 * Writes small perf.data files field by field, in either byte order: recordings that no machine at hand
 * would make.
 */
import { PerfContext, PerfMisc, PerfRecord, PerfSample } from '../formats/perfdata/spec.js';

const ATTR_SIZE = 136;
const HEADER_SIZE = 104;
const EVENT_ID = 7;
/** Bits of the flags word: freq is off, so that a period is one; sample_id_all. */
const SAMPLE_ID_ALL = 18;

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
class Bytes {
  private readonly parts: number[] = [];
  constructor(private readonly littleEndian: boolean) {}

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
  raw(bytes: Iterable<number>): this {
    this.parts.push(...bytes);
    return this;
  }
  done(): Uint8Array {
    return Uint8Array.from(this.parts);
  }
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
    const bytes = new Bytes(this.littleEndian);
    body(bytes);
    this.data
      .u32(type)
      .u16(misc)
      .u16(bytes.length + 8)
      .raw(bytes.done());
    return this;
  }

  sample({ pid, tid = pid, time, ip = 0x1234, callers, misc, id = EVENT_ID }: SampleFields): this {
    const mode = misc ?? (ip < 0 ? PerfMisc.KERNEL : PerfMisc.USER);
    const context = ip < 0 ? PerfContext.KERNEL : PerfContext.USER;
    const chain = callers === undefined ? [] : [context, ip, ...callers];
    return this.record(PerfRecord.SAMPLE, mode, (out) => {
      out.u64(id, ip).u32(pid).u32(tid).u64(time, 0xadd7, id, 99).u32(3).u32(0).u64(1000);
      out.u64(2, 50, 51, 11, 101, 12, 102); // read_format: a group of two with both times and IDs
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
  bytes(): Uint8Array {
    const attr = new Bytes(this.littleEndian);
    attr
      .u32(1)
      .u32(ATTR_SIZE)
      .u64(0, 1000, this.sampleType, 2 | 1 | 4 | 8);
    const flag = this.littleEndian ? SAMPLE_ID_ALL & 7 : 7 - (SAMPLE_ID_ALL & 7);
    attr.raw([0, 0, 1 << flag, 0, 0, 0, 0, 0]);
    attr.u32(0).u32(0).u64(0, 0, 0, 0b1000_0000_1).u32(16).u32(0);
    while (attr.length < ATTR_SIZE) attr.raw([0]);

    const attrs = HEADER_SIZE + 8;
    const start = attrs + ATTR_SIZE + 16;
    const file = new Bytes(this.littleEndian);
    file.number(0x32454c4946524550n, 8); // PERFILE2
    file.u64(HEADER_SIZE, ATTR_SIZE + 16, attrs, ATTR_SIZE + 16, start, this.data.length, 0, 0);
    file.u64(0, 0, 0, 0);
    file.u64(EVENT_ID).raw(attr.done()).u64(HEADER_SIZE, 8).raw(this.data.done());
    return file.done();
  }

  private trailer(out: Bytes, pid: number, time: number): void {
    out.u32(pid).u32(pid).u64(time, EVENT_ID, 99).u32(3).u32(0).u64(EVENT_ID);
  }
}
