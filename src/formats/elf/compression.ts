/**
 * Compressed sections, as debug information often is: with an `Elf64_Chdr` in front (gABI, "Section
 * Compression": zlib, zstd), or in GNU's older form, a section named `.zdebug_*` that starts with `ZLIB`
 * and its unpacked size, big-endian.
 */
import { inflateSync } from 'node:zlib';

import { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { decompressZstd } from '../zstd/zstd.js';
import { CHDR_SIZE, ELFCOMPRESS_ZLIB, ELFCOMPRESS_ZSTD, SHF_COMPRESSED } from './constants.js';
import { FORMAT, type ElfSection } from './header.js';

/** What a compressed section may unpack to: over what any real debug section holds. */
const MAX_UNPACKED: Bytes = 1 << 30;
/** Deflate cannot do better than 1032:1 (a 258-byte match in 2 bits), so more is a lie. */
const MAX_ZLIB_RATIO = 1040;
/** Zstandard repeats a byte 2^17 times in a block of 4 (RFC 8878, section 3.1.1.2). */
const MAX_ZSTD_RATIO = 1 << 15;
const ZLIB_MAGIC = 0x5a4c4942;

/** How a section is packed. */
export interface Packing {
  readonly type: typeof ELFCOMPRESS_ZLIB | typeof ELFCOMPRESS_ZSTD;
  readonly size: Bytes;
  /** Where the packed data begins, from the section's start. */
  readonly start: Bytes;
}

/** Bytes from a section's start that {@link packingOf} needs. */
export const PACKING_HEADER: Bytes = CHDR_SIZE;

/** How a section is packed, from its first bytes; `undefined` where it is not. @throws FormatError */
export function packingOf(
  section: ElfSection,
  head: Uint8Array,
  littleEndian: boolean,
  is64Bit: boolean,
): Packing | undefined {
  const cursor = new Cursor(head, FORMAT, littleEndian, section.offset);
  cursor.structure = `compression header of ${section.name}`;
  let type: number = ELFCOMPRESS_ZLIB;
  let size: Bytes;
  if ((section.flags & SHF_COMPRESSED) !== 0) {
    type = cursor.u32();
    if (is64Bit) cursor.skip(4);
    size = is64Bit ? cursor.u64() : cursor.u32();
    cursor.skip(is64Bit ? 8 : 4); // ch_addralign
  } else {
    if (!section.name.startsWith('.zdebug')) return undefined;
    const old = new Cursor(head, FORMAT, false, section.offset);
    old.structure = cursor.structure;
    if (old.remaining < 12 || old.u32() !== ZLIB_MAGIC) return undefined;
    size = old.u64();
    cursor.seek(old.position);
  }
  if (type !== ELFCOMPRESS_ZLIB && type !== ELFCOMPRESS_ZSTD) {
    throw cursor.fault('zlib (1) or zstd (2)', `${type}`);
  }
  const ratio = type === ELFCOMPRESS_ZLIB ? MAX_ZLIB_RATIO : MAX_ZSTD_RATIO;
  if (size > Math.min(MAX_UNPACKED, section.size * ratio)) {
    throw cursor.fault('a size that the data can unpack to', `${size}`);
  }
  return { type, size, start: cursor.position };
}

/** A packed section's contents. @throws FormatError where they are not what the header says. */
export function unpack(
  section: ElfSection,
  bytes: Uint8Array,
  { type, size, start }: Packing,
): Uint8Array {
  const packed = new Cursor(bytes, FORMAT, true, section.offset, start);
  packed.structure = `section ${section.name}`;
  const data = bytes.subarray(start);
  let unpacked: Uint8Array;
  try {
    unpacked =
      type === ELFCOMPRESS_ZLIB
        ? inflateSync(data, { maxOutputLength: Math.max(1, size) })
        : decompressZstd(data, size);
  } catch (error) {
    throw packed.fault(`${size} bytes`, error instanceof Error ? error.message : 'malformed data');
  }
  if (unpacked.byteLength !== size) throw packed.fault(`${size} bytes`, `${unpacked.byteLength}`);
  return unpacked;
}
