/**
 * Memory that several threads of this process see. Unlike a SharedArrayBuffer it can be copied to and from
 * at full speed (V8 copies those word by word); who reads what when is for the threads to agree on, by
 * `Atomics` on one.
 */
import { errnoName, libc, viewMemory, type Pointer } from './libc.js';
import { SystemCallError } from './perf-event.js';

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;

/** Mapped memory, in a form that can be sent to another thread. */
export interface MappedMemory {
  readonly at: Pointer;
  readonly size: number;
}

/**
 * `mmap(2)` of a descriptor, or of nothing (-1): then memory of zeros, taken from the machine as it is
 * touched, that lasts as long as the process.
 * @param writable whether it may be written to, too
 * @throws SystemCallError
 */
export function mapMemory(size: number, fd = -1, writable = true): MappedMemory {
  const flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const at = libc().mmap(null, size, protection, flags, fd, 0);
  // MAP_FAILED, however koffi reads a pointer of all ones.
  if (BigInt.asIntN(64, at) === -1n) throw new SystemCallError('mmap', errnoName());
  return { at, size };
}

/** The memory itself, not a copy. It must not be unmapped while anyone has a view of it. */
export function viewMapped({ at, size }: MappedMemory): ArrayBuffer {
  return viewMemory(at, size);
}

export function unmapMemory({ at, size }: MappedMemory): void {
  libc().munmap(at, size);
}
