/**
 * BPF programs that ran while recording: `HEADER_BPF_PROG_INFO` (tools/perf/util/bpf-event.c,
 * tools/perf/util/bpf-utils.h) and `HEADER_BPF_BTF`.
 */
import type { Cursor } from '../../../base/cursor.js';
import type { Address } from '../../../base/units.js';
import { readList } from './fields.js';

/** Byte offsets in `struct bpf_prog_info` (include/uapi/linux/bpf.h). */
const ProgInfo = {
  TYPE: 0,
  ID: 4,
  TAG: 8,
  NAME: 64,
  NR_JITED_KSYMS: 104,
  NR_JITED_FUNC_LENS: 108,
  JITED_KSYMS: 112,
  JITED_FUNC_LENS: 120,
  BTF_ID: 128,
} as const;
const TAG_SIZE = 8;
const NAME_SIZE = 16;

/** A BPF program as the kernel described it. */
export interface BpfProgram {
  readonly id: number;
  /** `BPF_PROG_TYPE_*`. */
  readonly type: number;
  /** Hexadecimal: a hash of the instructions. */
  readonly tag: string;
  readonly name: string;
  readonly btfId: number;
  /** The machine code of each function: the program's own first. */
  readonly functions: readonly { readonly address: Address; readonly size: number }[];
}

/**
 * u32 count; each program is u32 info_len, u32 data_len, u64 arrays, the info, the data. Pointers in
 * the info are offsets in the data.
 */
export function readBpfPrograms(cursor: Cursor): BpfProgram[] {
  return readList(cursor, () => {
    const infoSize = cursor.u32();
    const dataSize = cursor.u32();
    cursor.skip(8); // which arrays were asked for
    const info = cursor.sub(infoSize);
    const data = cursor.sub(dataSize);
    return readProgram(info, data);
  });
}

function readProgram(info: Cursor, data: Cursor): BpfProgram {
  // An older kernel's struct is shorter: what it lacks is 0.
  const has = (end: number): boolean => end <= info.bytes.byteLength;
  const u32 = (at: number): number => {
    if (!has(at + 4)) return 0;
    info.seek(at);
    return info.u32();
  };
  const text = (at: number, size: number): Uint8Array => {
    if (!has(at + size)) return new Uint8Array(0);
    info.seek(at);
    return info.take(size);
  };
  const name = text(ProgInfo.NAME, NAME_SIZE);
  const end = name.indexOf(0);
  return {
    id: u32(ProgInfo.ID),
    type: u32(ProgInfo.TYPE),
    tag: Buffer.from(text(ProgInfo.TAG, TAG_SIZE)).toString('hex'),
    name: Buffer.from(end < 0 ? name : name.subarray(0, end)).toString(),
    btfId: u32(ProgInfo.BTF_ID),
    functions: readFunctions(info, data, u32),
  };
}

function readFunctions(
  info: Cursor,
  data: Cursor,
  u32: (at: number) => number,
): BpfProgram['functions'] {
  const count = Math.min(u32(ProgInfo.NR_JITED_KSYMS), u32(ProgInfo.NR_JITED_FUNC_LENS));
  if (count === 0) return [];
  info.seek(ProgInfo.JITED_KSYMS);
  const addresses = info.u64();
  const sizes = info.u64();
  data.seek(addresses);
  data.need(count * 8);
  data.seek(sizes);
  data.need(count * 4);
  return Array.from({ length: count }, (_, i) => {
    data.seek(addresses + i * 8);
    const address = data.address();
    data.seek(sizes + i * 4);
    return { address, size: data.u32() };
  });
}

/** Type information of a BPF program, undecoded. */
export interface BpfTypes {
  readonly id: number;
  readonly data: Uint8Array;
}

export function readBpfTypes(cursor: Cursor): BpfTypes[] {
  return readList(cursor, () => {
    const id = cursor.u32();
    return { id, data: cursor.take(cursor.u32()) };
  });
}
