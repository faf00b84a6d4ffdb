/**
 * The memory of another process, by /proc/PID/mem: what ptrace(2) would grant, without stopping it. The
 * descriptor is of the memory as it was when opened. So a process that has executed another program since,
 * or a new one of the same number, is never read, let alone written, by mistake.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

import type { Address, Bytes } from '../base/units.js';

export class ProcessMemory {
  private constructor(private fd: number) {}

  /**
   * @param access `r+` also lets it be written
   * @throws the system's error: ENOENT where there is no such process, EACCES or EPERM where it is not ours
   */
  static open(pid: number, access: 'r' | 'r+'): ProcessMemory {
    return new ProcessMemory(openSync(`/proc/${pid}/mem`, access));
  }

  /** `undefined` where not all of it is mapped, or the process has gone. */
  read(address: Address, size: Bytes): Uint8Array | undefined {
    const bytes = this.readUpTo(address, size);
    return bytes?.byteLength === size ? bytes : undefined;
  }

  /**
   * What is mapped of it, up to the first gap.
   * @returns `undefined` where that is nothing, or the process has gone
   */
  readUpTo(address: Address, size: Bytes): Uint8Array | undefined {
    if (!isUserAddress(address)) return undefined;
    const bytes = new Uint8Array(size);
    try {
      const got = readSync(this.fd, bytes, 0, size, address);
      return got > 0 || size === 0 ? bytes.subarray(0, got) : undefined;
    } catch {
      return undefined;
    }
  }

  /** @returns false where it cannot be written, or the process has gone */
  write(address: Address, bytes: Uint8Array): boolean {
    if (!isUserAddress(address)) return false;
    try {
      return writeSync(this.fd, bytes, 0, bytes.byteLength, address) === bytes.byteLength;
    } catch {
      return false;
    }
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }
}

/** Node.js takes a negative position for "where the last read ended". */
function isUserAddress(address: Address): boolean {
  return Number.isSafeInteger(address) && address > 0;
}
