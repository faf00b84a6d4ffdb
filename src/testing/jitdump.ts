/** Writes jitdumps, as runtimes do, for tests. */
import { JITHEADER_MAGIC, JitRecord } from '../formats/jitdump/spec.js';

export interface WrittenLoad {
  readonly time: number;
  readonly address: number;
  readonly size: number;
  readonly name: string;
  readonly index?: number;
}

export class JitDumpWriter {
  private readonly records: Uint8Array[] = [];

  constructor(
    private readonly options: {
      readonly littleEndian?: boolean;
      readonly headerSize?: number;
      readonly reserved?: number;
      readonly flags?: number;
    } = {},
  ) {}

  load({ time, address, size, name, index = 0 }: WrittenLoad): this {
    const text = Buffer.from(`${name}\0`);
    return this.record(
      JitRecord.CODE_LOAD,
      time,
      this.u32(7, 7),
      this.u64(address, address, size, index),
      text,
      new Uint8Array(size).fill(0xcc),
    );
  }

  move(time: number, index: number, to: number, size: number): this {
    const numbers = this.u64(to, 0, to, size, index);
    return this.record(JitRecord.CODE_MOVE, time, this.u32(7, 7), numbers);
  }

  /** @param entries run-time address, line and file's name of each */
  debug(address: number, entries: readonly (readonly [number, number, string])[]): this {
    const parts = entries.flatMap(([at, line, file]) => [
      this.u64(at),
      this.u32(line, 0),
      Buffer.from(`${file}\0`, 'latin1'),
    ]);
    return this.record(
      JitRecord.CODE_DEBUG_INFO,
      1,
      this.u64(address, entries.length),
      ...parts,
      new Uint8Array(5), // V8 pads
    );
  }

  /** @param data `.eh_frame` and its header, in the order given */
  unwinding(data: Uint8Array, headerSize: number): this {
    const sizes = this.u64(data.byteLength, headerSize, 0);
    return this.record(JitRecord.CODE_UNWINDING_INFO, 1, sizes, data);
  }

  /** Any record. */
  record(id: number, time: number, ...parts: readonly Uint8Array[]): this {
    const size = parts.reduce((sum, part) => sum + part.byteLength, 16);
    this.records.push(Buffer.concat([this.u32(id, size), this.u64(time), ...parts]));
    return this;
  }

  bytes(): Uint8Array {
    const { headerSize = 40, reserved = 0x5eed, flags = 0 } = this.options;
    const header = Buffer.concat([
      this.u32(JITHEADER_MAGIC, 1, headerSize, 62, reserved, 7),
      this.u64(12345, flags),
      new Uint8Array(headerSize - 40),
    ]);
    return new Uint8Array(Buffer.concat([header, ...this.records]));
  }

  private u32(...values: readonly number[]): Uint8Array {
    const view = new DataView(new ArrayBuffer(values.length * 4));
    values.forEach((value, i) => view.setUint32(i * 4, value, this.options.littleEndian ?? true));
    return new Uint8Array(view.buffer);
  }

  private u64(...values: readonly number[]): Uint8Array {
    const view = new DataView(new ArrayBuffer(values.length * 8));
    values.forEach((value, i) =>
      view.setBigUint64(i * 8, BigInt(value), this.options.littleEndian ?? true),
    );
    return new Uint8Array(view.buffer);
  }
}
