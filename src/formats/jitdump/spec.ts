/**
 * jitdump: what a program with generated code tells profilers of it. Written by CPython 3.13+
 * (`-X perf_jit`), V8 (`--perf-prof`), perf's agent for the JVM, LLVM's perf listener and .NET.
 * Spec: `tools/perf/Documentation/jitdump-specification.txt`; its reader is `tools/perf/util/jitdump.c`.
 *
 *   header │ UNWINDING_INFO? DEBUG_INFO? CODE_LOAD │ UNWINDING_INFO? ... │ CODE_MOVE │ ...
 *
 * Unwinding and debug information come before the load that they belong to. A load holds a function's
 * name and code.
 */

/** `JiTD`, read in the writer's byte order. */
export const JITHEADER_MAGIC = 0x4a695444;
export const JITHEADER_VERSION = 1;
/** Of the fields below; a header says how large it is itself. */
export const JITHEADER_SIZE = 40;

/** Timestamps are the processor's own counter's, not CLOCK_MONOTONIC. */
export const JITDUMP_FLAGS_ARCH_TIMESTAMP = 1n;

/** `id` of records; others are passed over by their size. */
export const JitRecord = {
  CODE_LOAD: 0,
  CODE_MOVE: 1,
  CODE_DEBUG_INFO: 2,
  CODE_CLOSE: 3,
  CODE_UNWINDING_INFO: 4,
} as const;

/** `id`, `total_size`, `timestamp`. */
export const PREFIX_SIZE = 16;
/** Fixed parts, with the prefix: behind them lie name and code, entries, tables. */
export const CODE_LOAD_SIZE = 56;
export const DEBUG_INFO_SIZE = 32;
export const UNWINDING_INFO_SIZE = 40;

/**
 * V8 and Dart put this into the header's reserved word, and shift the addresses of their debug entries
 * by the ELF header that perf was going to put before the code (`kElfHeaderSize` in V8's `perf-jit.h`).
 */
export const V8_RESERVED = 0xdeadbeef;
export const V8_LINE_SHIFT = 0x40;
