/**
 * The few C library calls that Node.js does not offer, through koffi. Loading costs some
 * milliseconds, so that recording alone imports this, never reading.
 */
import koffi from 'koffi';

import { StrataError } from '../base/errors.js';

/** A pointer, as koffi hands it out. */
export type Pointer = bigint;

/**
 * Variadic functions are declared with the arguments that we pass: the calling conventions of both
 * architectures hand integers to a variadic function in the same registers as to any other.
 */
const PROTOTYPES = {
  perfEventOpen: ['syscall', 'long', ['long', 'uint8_t *', 'int', 'int', 'int', 'ulong']],
  ioctl: ['ioctl', 'int', ['int', 'ulong', 'ulong']],
  ioctlInto: ['ioctl', 'int', ['int', 'ulong', 'uint8_t *']],
  mmap: ['mmap', 'void *', ['void *', 'size_t', 'int', 'int', 'int', 'long']],
  munmap: ['munmap', 'int', ['void *', 'size_t']],
  poll: ['poll', 'int', ['uint8_t *', 'ulong', 'int']],
  eventfd: ['eventfd', 'int', ['uint', 'int']],
  read: ['read', 'long', ['int', 'uint8_t *', 'size_t']],
  write: ['write', 'long', ['int', 'uint8_t *', 'size_t']],
  close: ['close', 'int', ['int']],
  ptrace: ['ptrace', 'long', ['long', 'int', 'long', 'long']],
  waitpid: ['waitpid', 'int', ['int', 'uint8_t *', 'int']],
  wait4: ['wait4', 'int', ['int', 'uint8_t *', 'int', 'uint8_t *']],
  memfdCreate: ['memfd_create', 'int', ['str', 'uint']],
  mkfifo: ['mkfifo', 'int', ['uint8_t *', 'uint']],
} as const;

/** `wait4`, as it blocks, on a thread of its own: the buffers are filled when `done` is called. */
interface Wait4 {
  async(
    pid: number,
    status: Uint8Array,
    options: number,
    usage: Uint8Array,
    done: (error: Error | null, result: number) => void,
  ): void;
}

interface Libc {
  perfEventOpen(
    call: number,
    attr: Uint8Array,
    pid: number,
    cpu: number,
    groupFd: number,
    flags: number,
  ): number;
  ioctl(fd: number, request: number, argument: number): number;
  /** As `ioctl`, where the kernel fills `result`. */
  ioctlInto(fd: number, request: number, result: Uint8Array): number;
  mmap(at: null, size: number, prot: number, flags: number, fd: number, offset: number): Pointer;
  munmap(at: Pointer, size: number): number;
  poll(fds: Uint8Array, count: number, timeoutMs: number): number;
  eventfd(initial: number, flags: number): number;
  read(fd: number, buffer: Uint8Array, size: number): number;
  write(fd: number, buffer: Uint8Array, size: number): number;
  close(fd: number): number;
  ptrace(request: number, tid: number, address: number, data: number): number;
  waitpid(pid: number, status: Uint8Array, options: number): number;
  readonly wait4: Wait4;
  memfdCreate(name: string, flags: number): number;
  mkfifo(path: Uint8Array, mode: number): number;
}

let loaded: Libc | undefined;

/** The functions, bound on first use. @throws StrataError on an architecture that is not supported. */
export function libc(): Libc {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    throw new StrataError(
      `recording needs Linux on x86-64 or arm64; this is ${process.platform} on ${process.arch}`,
    );
  }
  const library = koffi.load(null);
  const bound = Object.entries(PROTOTYPES).map(
    ([name, [symbol, result, parameters]]) =>
      [name, library.func(symbol, result, [...parameters])] as const,
  );
  loaded = Object.fromEntries(bound) as unknown as Libc;
  return loaded;
}

/** Second names of numbers: the manual's pages of system calls have the other. */
const OTHER_NAMES = new Set(['ENOTSUP', 'EWOULDBLOCK', 'EDEADLOCK']);

/** `errno` of the last failed call on this thread, by name: `EACCES`. */
export function errnoName(): string {
  const number = koffi.errno();
  for (const [name, value] of Object.entries(koffi.os.errno)) {
    if (value === number && !OTHER_NAMES.has(name)) return name;
  }
  return `errno ${number}`;
}

/** The memory from `at`, `size` bytes of it, as it is: not a copy. */
export function viewMemory(at: Pointer, size: number): ArrayBuffer {
  return koffi.view(at, size);
}
