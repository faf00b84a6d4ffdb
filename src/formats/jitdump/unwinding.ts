/** JIT_CODE_UNWINDING_INFO: a function's call frame information. */
import type { Cursor } from '../../base/cursor.js';

/**
 * The `.eh_frame` in the record at the cursor, which stands behind its prefix. The specification puts
 * `.eh_frame_hdr` before it; perf's own reader, V8 and CPython put it behind: so the bytes decide. The
 * header has nothing that `.eh_frame` does not say.
 * @returns `undefined` where there is only a header: V8 writes one without a table for functions that
 *   are unwound by frame pointers
 * @throws FormatError where the record is shorter than its fields say
 */
export function readEhFrame(cursor: Cursor): Uint8Array | undefined {
  cursor.structure = 'jr_code_unwinding_info';
  const size = cursor.u64();
  const headerSize = cursor.u64();
  cursor.skip(8); // mapped_size: whether the process has it in memory, too
  if (headerSize > size) throw cursor.fault(`a header of at most ${size} bytes`, `${headerSize}`);
  const data = cursor.take(size);
  const frameSize = size - headerSize;
  if (frameSize === 0) return undefined;
  const frameFirst = beginsWithCie(data, cursor.littleEndian);
  return frameFirst ? data.subarray(0, frameSize) : data.subarray(headerSize);
}

/** A CIE is its length, then 0; `.eh_frame_hdr` begins with its version, 1, and three encodings. */
function beginsWithCie(data: Uint8Array, littleEndian: boolean): boolean {
  if (data.byteLength < 8) return false;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const length = view.getUint32(0, littleEndian);
  return length >= 4 && length <= data.byteLength - 4 && view.getUint32(4, littleEndian) === 0;
}
