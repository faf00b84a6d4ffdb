/** What a jitdump begins with. */
import { Cursor } from '../../base/cursor.js';
import type { ByteSource } from '../../base/source.js';
import type { Bytes } from '../../base/units.js';
import {
  JITDUMP_FLAGS_ARCH_TIMESTAMP,
  JITHEADER_MAGIC,
  JITHEADER_SIZE,
  JITHEADER_VERSION,
  V8_LINE_SHIFT,
  V8_RESERVED,
} from './spec.js';

export interface JitHeader {
  readonly littleEndian: boolean;
  /** `e_machine`; CPython 3.13 writes 0. */
  readonly machine: number;
  /** The process's number in its own PID namespace. */
  readonly pid: number;
  /** Timestamps need `PERF_RECORD_TIME_CONV` to be compared with a recording's. */
  readonly archTimestamps: boolean;
  /** Subtracted from the addresses of debug entries. */
  readonly lineShift: number;
}

/**
 * @returns the header, and its size
 * @throws FormatError where it is none
 */
export function readHeader(source: ByteSource): { header: JitHeader; size: Bytes } {
  const bytes = source.read(0, JITHEADER_SIZE);
  const littleEndian = bytes[0] !== 0x4a;
  const cursor = new Cursor(bytes, 'jitdump', littleEndian);
  cursor.structure = 'jitheader';
  const magic = cursor.u32();
  if (magic !== JITHEADER_MAGIC) {
    throw cursor.fault('the magic number 0x4a695444', `0x${magic.toString(16)}`, 4);
  }
  const version = cursor.u32();
  if (version !== JITHEADER_VERSION) throw cursor.fault('version 1', `${version}`, 4);
  const size = cursor.u32();
  if (size < JITHEADER_SIZE) throw cursor.fault(`at least ${JITHEADER_SIZE} bytes`, `${size}`, 4);
  const machine = cursor.u32();
  const reserved = cursor.u32(); // CPython 3.13 writes what stood in memory
  const pid = cursor.u32();
  cursor.skip(8); // when it was begun: of clocks that differ
  const archTimestamps = (cursor.u64big() & JITDUMP_FLAGS_ARCH_TIMESTAMP) !== 0n;
  const lineShift = reserved === V8_RESERVED ? V8_LINE_SHIFT : 0;
  return { header: { littleEndian, machine, pid, archTimestamps, lineShift }, size };
}
