/** Where the sizes, offsets and counts of sound files stand, which damage finds most faults in. */
import { MemorySource } from '../base/source.js';
import { ElfImage } from '../formats/elf/image.js';
import type { Field, NumberField } from './mutate.js';

type Size = NumberField['size'];

/** Numbers of one size, one after another, from `start` up to `end`. */
export function numbers(start: number, end: number, size: Size, littleEndian = true): Field[] {
  return repeated(start, end, [size], littleEndian);
}

/** Structures of numbers, one after another, from `start` up to `end`. */
function repeated(
  start: number,
  end: number,
  sizes: readonly Size[],
  littleEndian = true,
): Field[] {
  const fields: Field[] = [];
  for (let at = start, i = 0; ; i++) {
    const size = sizes[i % sizes.length];
    if (at + size > end) return fields;
    fields.push({ kind: 'number', offset: at, size, littleEndian });
    at += size;
  }
}

/** The words of a text, and what stands between them. */
export function words(bytes: Uint8Array): Field[] {
  const text = Buffer.from(bytes).toString('latin1');
  return [...text.matchAll(/[^\s:()[\]+/]+|[\s:()[\]+/]+/g)].map(({ index, 0: { length } }) => ({
    kind: 'word',
    offset: index,
    size: length,
  }));
}

/** Of a perf.data file: its header, its attributes, each record's header and words, its feature table. */
export function perfDataFields(bytes: Uint8Array): Field[] {
  const littleEndian = bytes[0] === 'P'.charCodeAt(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u64 = (at: number): number => Number(view.getBigUint64(at, littleEndian));
  const headerSize = u64(8);
  const isPipe = headerSize === 16;
  const attrs = isPipe ? [0, 0] : [u64(24), u64(32)];
  const start = isPipe ? headerSize : u64(40);
  const end = isPipe ? bytes.length : Math.min(bytes.length, start + u64(48)) || bytes.length;
  const fields = [
    ...numbers(0, headerSize, 8, littleEndian),
    ...repeated(attrs[0], attrs[0] + attrs[1], [4, 4, 8, 8, 8, 8], littleEndian),
    ...numbers(end, bytes.length, 4, littleEndian),
  ];
  for (let at = start; at + 8 <= end;) {
    const size = view.getUint16(at + 6, littleEndian);
    const isTool = view.getUint32(at, littleEndian) >= 64;
    fields.push(...repeated(at, at + 8, [4, 2, 2], littleEndian));
    fields.push(...numbers(at + 8, Math.min(end, at + size), isTool ? 4 : 8, littleEndian));
    at += Math.max(8, size);
  }
  return fields;
}

const SECTION_NUMBERS: Readonly<Record<string, readonly Size[]>> = {
  '.symtab': [4, 1, 1, 2, 8, 8],
  '.dynsym': [4, 1, 1, 2, 8, 8],
  '.debug_abbrev': [1],
  '.debug_line': [1],
  '.debug_info': [1],
};

/** Of an ELF file: its headers, and the numbers of the sections that are read. */
export function elfFields(bytes: Uint8Array, sections: RegExp): Field[] {
  const { sections: all, is64Bit } = ElfImage.read(new MemorySource(bytes));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headers = is64Bit
    ? Number(view.getBigUint64(40, true)) // e_shoff; e_phoff is behind the header
    : view.getUint32(32, true);
  const fields = is64Bit
    ? [
        ...repeated(16, 64, [2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2]),
        ...repeated(64, 64 + 56 * view.getUint16(56, true), [4, 4, 8, 8, 8, 8, 8, 8]),
        ...repeated(headers, bytes.length, [4, 4, 8, 8, 8, 8, 4, 4, 8, 8]),
      ]
    : [...numbers(16, 52, 2), ...numbers(52, 200, 4), ...numbers(headers, bytes.length, 4)];
  for (const { name, offset, size } of all) {
    if (sections.test(name) && offset > 0) {
      fields.push(...repeated(offset, offset + size, SECTION_NUMBERS[name] ?? [4]));
    }
  }
  return fields;
}

/** Of a jitdump: its header, and the prefix, the words and the bytes of each record. */
export function jitDumpFields(bytes: Uint8Array, littleEndian: boolean): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = repeated(0, 40, [4, 4, 4, 4, 4, 4, 8, 8], littleEndian);
  for (let at = 40; at + 16 <= bytes.length;) {
    const size = view.getUint32(at + 4, littleEndian);
    fields.push(...repeated(at, at + 16, [4, 4, 8], littleEndian));
    fields.push(...numbers(at + 16, at + size, 8, littleEndian));
    fields.push(...numbers(at + 16, at + size, 4, littleEndian));
    at += Math.max(16, size);
  }
  return fields;
}
