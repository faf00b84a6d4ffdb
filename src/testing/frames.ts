/**
 * Assembles call frame information and stacks by hand, for tests that know every byte.
 */
import type { FrameHeader } from '../formats/dwarf/cfi.js';
import type { FrameSection } from '../formats/dwarf/entries.js';
import type { CodeRegion, CodeSpace } from '../unwind/code-space.js';

export type Bytes = readonly number[];

export function uleb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return out;
}

export function sleb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (;;) {
    const low = ((rest % 128) + 128) % 128;
    rest = Math.floor(rest / 128);
    const done = (rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40);
    out.push(done ? low : low | 0x80);
    if (done) return out;
  }
}

export function u16(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff];
}

export function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)];
}

export function u64(value: number): number[] {
  return [...u32(value % 2 ** 32), ...u32(Math.floor(value / 2 ** 32))];
}

/** A block: its length, then itself. */
export function block(...bytes: number[]): number[] {
  return [...uleb(bytes.length), ...bytes];
}

/** The few instructions that most tests are made of. */
export const cfa = {
  advance: (bytes: number): number[] => (bytes < 64 ? [0x40 | bytes] : [0x03, ...u16(bytes)]),
  define: (register: number, offset: number): number[] => [
    0x0c,
    ...uleb(register),
    ...uleb(offset),
  ],
  register: (register: number): number[] => [0x0d, ...uleb(register)],
  offset: (offset: number): number[] => [0x0e, ...uleb(offset)],
  expression: (...ops: number[]): number[] => [0x0f, ...block(...ops)],
  /** Saved at CFA - bytes, where the data alignment is -8. */
  saved: (register: number, bytes: number): number[] => [0x80 | register, ...uleb(bytes / 8)],
  savedBy: (register: number, ...ops: number[]): number[] => [
    0x10,
    ...uleb(register),
    ...block(...ops),
  ],
  undefined: (register: number): number[] => [0x07, ...uleb(register)],
};

export interface CieOptions {
  readonly augmentation?: string;
  readonly augmentationData?: Bytes;
  readonly codeAlignment?: number;
  readonly dataAlignment?: number;
  readonly returnColumn?: number;
  readonly version?: number;
  readonly instructions?: Bytes;
}

/** Writes one section, entry by entry, and remembers where they are. */
export class SectionBuilder {
  private readonly bytes: number[] = [];
  private readonly entries: { start: number; offset: number }[] = [];

  constructor(
    readonly kind: FrameSection['kind'] = 'eh_frame',
    readonly address = 0x10000,
    readonly is64Bit = false,
  ) {}

  /** @returns the CIE's offset, which FDEs name it by */
  cie(options: CieOptions = {}): number {
    const { augmentation = 'zR', version = 1, returnColumn = 16 } = options;
    const { augmentationData = augmentation === 'zR' ? [0x1b] : [] } = options;
    const isEh = this.kind === 'eh_frame';
    const id = isEh ? u32(0) : Array<number>(this.is64Bit ? 8 : 4).fill(0xff);
    return this.entry([
      ...id,
      version,
      ...Buffer.from(augmentation),
      0,
      ...(version === 4 ? [8, 0] : []),
      ...uleb(options.codeAlignment ?? 1),
      ...sleb(options.dataAlignment ?? -8),
      ...(version === 1 ? [returnColumn] : uleb(returnColumn)),
      ...(augmentation.startsWith('z') ? block(...augmentationData) : []),
      ...(options.instructions ?? [...cfa.define(7, 8), ...cfa.saved(16, 8)]),
    ]);
  }

  /** Addresses are pcrel|sdata4 in `.eh_frame`, absolute in `.debug_frame`, or as `location` says. */
  fde(
    cie: number,
    start: number,
    length: number,
    instructions: Bytes = [],
    location?: (fieldAddress: number) => Bytes,
  ): number {
    const offset = this.bytes.length;
    const idOffset = offset + (this.is64Bit ? 12 : 4);
    const isEh = this.kind === 'eh_frame';
    const field = this.address + idOffset + (this.is64Bit && !isEh ? 8 : 4);
    const place =
      location?.(field) ??
      (isEh ? [...u32(start - field), ...u32(length)] : [...u64(start), ...u64(length)]);
    const id = isEh ? u32(idOffset - cie) : this.is64Bit ? u64(cie) : u32(cie);
    this.entries.push({ start, offset });
    return this.entry([...id, ...place, ...(isEh ? [0] : []), ...instructions]);
  }

  raw(bytes: Bytes): number {
    return this.bytes.push(...bytes) - bytes.length;
  }

  section(): FrameSection {
    const bytes = Uint8Array.from(this.bytes);
    return { kind: this.kind, bytes, littleEndian: true, address: this.address };
  }

  /** `.eh_frame_hdr` as linkers write it: pcrel|sdata4, udata4, datarel|sdata4. */
  header(address = 0x8000): FrameHeader {
    const sorted = [...this.entries].sort((a, b) => a.start - b.start);
    const table = sorted.flatMap(({ start, offset }) => [
      ...u32(start - address),
      ...u32(this.address + offset - address),
    ]);
    const head = [1, 0x1b, 0x03, 0x3b, ...u32(this.address - address - 4), ...u32(sorted.length)];
    return { bytes: Uint8Array.from([...head, ...table]), address };
  }

  private entry(body: Bytes): number {
    const offset = this.bytes.length;
    const padding = Array<number>(-body.length & 7).fill(0); // DW_CFA_nop
    const length = body.length + padding.length;
    this.bytes.push(...(this.is64Bit ? [...u32(0xffffffff), ...u64(length)] : u32(length)));
    this.bytes.push(...body, ...padding);
    return offset;
  }
}

/** A code space of fixed regions. */
export class FixedSpace implements CodeSpace {
  constructor(
    readonly regions: readonly CodeRegion[],
    readonly generation = 1,
  ) {}

  regionAt(address: number): CodeRegion | undefined {
    return this.regions.find(({ start, end }) => address >= start && address < end);
  }
}

/** A stack's words, from addresses to values; what lies between is a pattern that is no address. */
export function stackWords(base: number, size: number, words: Record<number, number>): Int32Array {
  const view = new DataView(new ArrayBuffer(size));
  for (let at = 0; at + 4 <= size; at += 4) view.setUint32(at, 0xdeadbeef, true);
  for (const [address, value] of Object.entries(words)) {
    view.setBigUint64(Number(address) - base, BigInt.asUintN(64, BigInt(value)), true);
  }
  return new Int32Array(view.buffer);
}
