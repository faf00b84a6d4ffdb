/**
 * Where the fields of the recorder's own samples lie. Every event is opened with the same fields, so
 * that their places up to the call chain are constants. All of it in `perf_event_open(2)`'s order.
 *
 *   0 header │ 8 identifier │ 16 ip │ 24 pid, tid │ 32 time │ 40 cpu │ 48 period │ 56 nr, ips[nr]
 *            │ abi, regs[] │ size, stack bytes[size], dyn_size
 *
 * Other records end with `sample_id`:  pid, tid │ time │ cpu │ identifier
 */
import { PerfSample } from '../formats/perfdata/spec.js';

/** What the file's samples carry. */
export const FILE_SAMPLE_TYPE =
  PerfSample.IDENTIFIER |
  PerfSample.IP |
  PerfSample.TID |
  PerfSample.TIME |
  PerfSample.CPU |
  PerfSample.PERIOD |
  PerfSample.CALLCHAIN;

/** What the kernel's samples carry for stacks to be unwound from. */
export const DUMP_SAMPLE_TYPE = FILE_SAMPLE_TYPE | PerfSample.REGS_USER | PerfSample.STACK_USER;

/** Byte offsets in a sample. */
export const SampleOffset = {
  IDENTIFIER: 8,
  IP: 16,
  PID: 24,
  TID: 28,
  TIME: 32,
  CPU: 40,
  PERIOD: 48,
  CHAIN_LENGTH: 56,
  CHAIN: 64,
} as const;

/** Byte offsets, counted back from a record's end, in the `sample_id` that ends every other record. */
export const SampleIdFromEnd = { PID: 32, TID: 28, TIME: 24, CPU: 16, IDENTIFIER: 8 } as const;
export const SAMPLE_ID_SIZE = 32;

/**
 * Registers that are recorded, as `asm/perf_regs.h` numbers them, and where each goes in DWARF's
 * numbering (x86-64 psABI figure 3.36; AArch64 DWARF ABI 4.1, with the pc in the unwinder's own 32).
 */
interface RegisterSet {
  /** `sample_regs_user`. */
  readonly mask: bigint;
  /** DWARF number of the nth recorded register; -1 where unwinding has no use for it. */
  readonly dwarf: Int8Array;
  /** Which of the recorded registers is the stack pointer. */
  readonly stackPointer: number;
}

/** AX BX CX DX SI DI BP SP IP FLAGS CS SS, R8 to R15: what `perf record --call-graph dwarf` takes. */
const X86_64: RegisterSet = {
  mask: 0xff0fffn,
  dwarf: Int8Array.of(0, 3, 2, 1, 4, 5, 6, 7, 16, -1, -1, -1, 8, 9, 10, 11, 12, 13, 14, 15),
  stackPointer: 7,
};

/** X0 to X29, LR, SP, PC. */
const AARCH64: RegisterSet = {
  mask: (1n << 33n) - 1n,
  dwarf: Int8Array.from({ length: 33 }, (_, i) => i),
  stackPointer: 31,
};

export function recordedRegisters(architecture: NodeJS.Architecture): RegisterSet {
  return architecture === 'arm64' ? AARCH64 : X86_64;
}
