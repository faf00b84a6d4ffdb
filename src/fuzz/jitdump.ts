/** Writes a jitdump with every kind of record, in either byte order. */
import {
  JitRecord,
  JITHEADER_MAGIC,
  JITHEADER_SIZE,
  JITHEADER_VERSION,
} from '../formats/jitdump/spec.js';
import { SectionBuilder } from '../testing/frames.js';

const CODE = 0x7f0000001000;
const CODE_SIZE = 16;

export function writeJitDump(littleEndian: boolean): Uint8Array {
  const out: number[] = [];
  const number = (value: number, size: number): void => {
    const bytes = Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);
    out.push(...(littleEndian ? bytes : bytes.reverse()));
  };
  const u32 = (...values: number[]): void => values.forEach((value) => number(value, 4));
  const u64 = (...values: number[]): void => values.forEach((value) => number(value, 8));
  const text = (value: string): void => void out.push(...Buffer.from(`${value}\0`));
  const record = (id: number, time: number, body: () => void): void => {
    const start = out.length;
    u32(id, 0);
    u64(time);
    body();
    const size = out.length - start;
    const end = out.splice(start + 8);
    out.length = start + 4;
    u32(size);
    out.push(...end);
  };

  const frames = new SectionBuilder('eh_frame', 0);
  frames.fde(frames.cie(), 0x100, CODE_SIZE);
  const unwinding = [...frames.section().bytes, 0, 0, 0, 0];

  u32(JITHEADER_MAGIC, JITHEADER_VERSION, JITHEADER_SIZE, 62, 0, 4711);
  u64(1000, 0);
  for (let i = 0; i < 3; i++) {
    const address = CODE + i * 0x100;
    record(JitRecord.CODE_UNWINDING_INFO, 1000 + i, () => {
      u64(unwinding.length, 0, unwinding.length);
      out.push(...unwinding);
    });
    record(JitRecord.CODE_DEBUG_INFO, 1000 + i, () => {
      u64(address, 2);
      u64(address);
      u32(7, 0);
      text('app.py');
      u64(address + 4);
      u32(8, 0);
      text('\u00ff');
    });
    record(JitRecord.CODE_LOAD, 1010 + i, () => {
      u32(4711, 4712);
      u64(address, address, CODE_SIZE, i);
      text(`py::f${i}:/app.py`);
      out.push(...Array<number>(CODE_SIZE).fill(0x90));
    });
  }
  record(JitRecord.CODE_MOVE, 1020, () => {
    u32(4711, 4712);
    u64(CODE + 0x800, CODE, CODE + 0x800, CODE_SIZE, 0);
  });
  record(JitRecord.CODE_CLOSE, 1030, () => {});
  return Uint8Array.from(out);
}
