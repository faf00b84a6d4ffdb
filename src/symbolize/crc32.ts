/** CRC-32 (IEEE 802.3) of a source's bytes, as `.gnu_debuglink` has it. `node:zlib` has it from 20.15 only. */
import type { ByteSource } from '../base/source.js';

const POLYNOMIAL = 0xedb88320;
const CHUNK = 1 << 20;

/** The checksum as an unsigned 32-bit number. */
export function crc32(source: ByteSource): number {
  const table = crcTable();
  let crc = 0xffffffff;
  for (let offset = 0; offset < source.byteLength; offset += CHUNK) {
    const bytes = source.read(offset, CHUNK);
    for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function crcTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++)
      value = (value & 1) !== 0 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    table[i] = value;
  }
  return table;
}
