/**
 * The vdso: an ELF image without a file, which the kernel maps into every process (vdso(7)). It is the
 * same in every 64-bit process of one kernel, so this process's own stands for all.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { MemorySource } from '../base/source.js';
import { ElfImage } from '../formats/elf/image.js';
import { perfCache } from './files.js';
import { isMissing, openElf } from './open-elf.js';

/** A few pages; more is no vdso. */
const MAX_SIZE = 1 << 20;

/**
 * The vdso of a build (the recorded one): the running kernel's, or the copy that `perf` keeps of one;
 * without a build ID the running kernel's. `undefined` where there is none, or it cannot be read.
 */
export function readVdso(buildId?: string): ElfImage | undefined {
  const running = runningVdso();
  if (buildId === undefined || running?.buildId === buildId) return running;
  const kept = openElf(join(perfCache(buildId), 'vdso'), buildId);
  if (kept === undefined || isMissing(kept)) return undefined;
  const { source } = kept;
  try {
    return ElfImage.read(new MemorySource(source.read(0, MAX_SIZE), '[vdso]'));
  } catch {
    return undefined; // larger than any vdso, or gone while it was read
  } finally {
    source.close();
  }
}

function runningVdso(): ElfImage | undefined {
  try {
    const maps = readFileSync('/proc/self/maps', 'latin1');
    const range = /^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$/m.exec(maps);
    if (range === null) return undefined;
    const [start, end] = [Number.parseInt(range[1], 16), Number.parseInt(range[2], 16)];
    if (!(end - start > 0 && end - start <= MAX_SIZE)) return undefined;
    return ElfImage.read(new MemorySource(readMemory(start, end - start), '[vdso]'));
  } catch {
    return undefined; // no /proc, no permission, or no ELF image: nothing to look names up in
  }
}

function readMemory(address: number, size: number): Uint8Array {
  const fd = openSync('/proc/self/mem', 'r');
  try {
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, readSync(fd, bytes, 0, size, address));
  } finally {
    closeSync(fd);
  }
}
