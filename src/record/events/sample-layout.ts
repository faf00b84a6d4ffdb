/**
 * Recorded events, and where the fields of their samples lie. Each event may carry fields of its own, but
 * all of them have {@link COMMON_SAMPLE_TYPE}, so that what tells samples apart has the same place in all.
 * In `perf_event_open(2)`'s order:
 *
 *   0 header │ 8 identifier │ 16 ip │ 24 pid, tid │ 32 time │ [addr] │ cpu │ [period] │ …
 *
 * Other records end with `sample_id`:  pid, tid │ time │ cpu │ identifier
 */
import { EMPTY_ATTR, type EventAttr } from '../../formats/perfdata/attr.js';
import { EventTable } from '../../formats/perfdata/events.js';
import { PerfSample } from '../../formats/perfdata/spec.js';
import type { FileEvent } from '../../formats/perfdata/writer.js';

/** What all samples of a recording carry. Neither `ID` nor `STREAM_ID` is among it: `IDENTIFIER` is the ID. */
export const COMMON_SAMPLE_TYPE =
  PerfSample.IDENTIFIER | PerfSample.IP | PerfSample.TID | PerfSample.TIME | PerfSample.CPU;

/** An event as it stands in the file, and as the kernel records it. */
export interface RecordedEvent extends FileEvent {
  /** What the kernel writes. */
  readonly kernelAttr: Partial<EventAttr> & Pick<EventAttr, 'sample_type' | 'flags'>;
  /**
   * `switches`: context switches, of which waiting is made; its samples are not written as they come.
   * `tracker`: counts nothing, carries records of processes and mappings.
   */
  readonly role: 'samples' | 'switches' | 'tracker';
}

/** Finds the event of a sample and the layout of its fields as the kernel writes them. */
export function kernelEvents(events: readonly RecordedEvent[]): EventTable {
  const attrs = events.map(({ kernelAttr, ids }) => ({
    attr: { ...EMPTY_ATTR, ...kernelAttr },
    ids: Float64Array.from(ids, Number),
  }));
  return new EventTable(attrs, true);
}

/** Whether the stacks of an event's samples are copied by the kernel, and unwound by the recorder. */
export function isUnwound({ attr, kernelAttr }: RecordedEvent): boolean {
  const filed = attr.sample_type ?? 0;
  return copiesStack(kernelAttr) && (filed & PerfSample.STACK_USER) === 0;
}

/** Whether samples carry registers and a copy of the stack. */
export function copiesStack({ sample_type }: Pick<EventAttr, 'sample_type'>): boolean {
  const dump = PerfSample.REGS_USER | PerfSample.STACK_USER;
  return (sample_type & dump) === dump;
}

/** Byte offsets in every sample. */
export const SampleOffset = {
  IDENTIFIER: 8,
  IP: 16,
  PID: 24,
  TID: 28,
  TIME: 32,
} as const;

/** Byte offsets, counted back from a record's end, in the `sample_id` that ends every other record. */
export const SampleIdFromEnd = { PID: 32, TID: 28, TIME: 24, CPU: 16, IDENTIFIER: 8 } as const;
export const SAMPLE_ID_SIZE = 32;

/** What ends records that the recorder makes up: a time of 0, before all others. */
export const NO_SAMPLE_ID = new Uint8Array(SAMPLE_ID_SIZE);

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
