/** Reads `/proc/kallsyms`, or a copy of one. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';
import type { Bytes } from '../base/units.js';
import type { KernelFunctions } from '../formats/kallsyms.js';
import { openKallsyms } from '../formats/kallsyms-parts.js';

/** More than most kernels' text, whose size /proc does not tell. */
const FIRST_ROOM: Bytes = 16 << 20;
/** A kernel has some 10 MB; a file of another kind is not read on and on. */
const MAX_SIZE: Bytes = 1 << 28;

/**
 * The table in a file; without `path` the running kernel's.
 *
 * The kernel composes its text anew, a page for each read, which takes some 50 ms for 120,000 symbols. So this is asked for only when a kernel address needs a name.
 *
 * @throws StrataError where it cannot be read
 */
export function readKallsyms(path = '/proc/kallsyms'): KernelFunctions {
  return openKallsyms(readUnsized(path));
}

/** A file that may not know its size: `readFileSync` would read it in pieces, and copy them together. */
function readUnsized(path: string): Uint8Array {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    if (!fstatSync(fd).isFile()) throw new StrataError(`${path} is not a file`);
    let bytes = Buffer.allocUnsafeSlow(FIRST_ROOM);
    let length = 0;
    for (;;) {
      const got = readSync(fd, bytes, length, bytes.length - length, null);
      if (got === 0) return bytes.subarray(0, length);
      length += got;
      if (length < bytes.length) continue;
      if (length >= MAX_SIZE) throw new StrataError(`${path} is larger than any kallsyms`);
      const larger = Buffer.allocUnsafeSlow(2 * length);
      larger.set(bytes);
      bytes = larger;
    }
  } catch (error) {
    if (error instanceof StrataError) throw error;
    throw new StrataError(`cannot read ${path}: ${describeSystemError(error)}`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
