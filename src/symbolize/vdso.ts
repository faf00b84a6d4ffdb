/**
 * The vdso: an ELF image without a file, which the kernel maps into every process (vdso(7)). It is the
 * same in every 64-bit process of one kernel, so this process's own stands for all.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

import { MemorySource } from '../base/source.js';
import { ElfImage } from '../formats/elf/image.js';

/** A few pages; more is no vdso. */
const MAX_SIZE = 1 << 20;

/**
 * The running kernel's vdso; `undefined` where it has none, it cannot be read, or a build ID is given
 * (the recorded one) that is not its own.
 */
export function readVdso(buildId?: string): ElfImage | undefined {
  try {
    const maps = readFileSync('/proc/self/maps', 'latin1');
    const range = /^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$/m.exec(maps);
    if (range === null) return undefined;
    const [start, end] = [Number.parseInt(range[1], 16), Number.parseInt(range[2], 16)];
    if (!(end - start > 0 && end - start <= MAX_SIZE)) return undefined;
    const image = ElfImage.read(new MemorySource(readMemory(start, end - start), '[vdso]'));
    return buildId === undefined || image.buildId === buildId ? image : undefined;
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
