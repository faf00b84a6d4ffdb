/**
 * CPython's perf trampolines (`Python/asm_trampoline*.S`, 3.12 and later): a few instructions, copied
 * over and over into 64 KiB anonymous arenas, one copy per Python function. They carry no unwind
 * information that a recorder could read, and no version number says which template a build has (the
 * change came in bug fix releases, CET and PAC by compiler flags): so the bytes are compared.
 *
 *   arena:  [template][pad] [template][pad] ...   every copy `stride` bytes after the one before
 *
 * The stride is 11 in 3.12 (no padding), and a multiple of 16 in 3.13 and later.
 */
import { architectureOfMachine, type Architecture } from '../formats/dwarf/registers.js';
import type { ElfImage } from '../formats/elf/image.js';
import { symbolNamed } from '../formats/elf/symbols.js';

/** From `offset` on, where the caller's frame is found; offsets of saved registers are from the CFA. */
export interface TrampolineRow {
  readonly offset: number;
  readonly base: 'sp' | 'fp';
  /** CFA = base + cfaOffset. */
  readonly cfaOffset: number;
  /** Where the caller's frame pointer is saved; `undefined`: still in its register. */
  readonly fpOffset: number | undefined;
  /** Where the return address is saved; `undefined`: still in the link register. */
  readonly raOffset: number | undefined;
}

export interface Trampoline {
  readonly name: string;
  readonly architecture: Architecture;
  readonly bytes: Uint8Array;
  /** Offset of the instruction after the call: what callees have as their return address. */
  readonly returnOffset: number;
  /** Whether a version (3.12) set copies side by side, without padding to a multiple of 16. */
  readonly unpadded: boolean;
  /** Ordered by offset; the first begins at 0. */
  readonly rows: readonly TrampolineRow[];
}

export interface DetectedTrampolines {
  readonly template: Trampoline;
  /** `undefined` where the bytes hold one copy only. */
  readonly stride: number | undefined;
}

/** Instructions as they lie in memory; arm64 ones as little-endian words. */
const bytes = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replace(/ /g, ''), 'hex'));
const ENDBR64 = 'f3 0f 1e fa';
const X86_A = '48 83 ec 08  ff d1  48 83 c4 08  c3'; // sub rsp,8; call *rcx; add rsp,8; ret
const X86_B = '55  48 89 e5  ff d1  5d  c3'; // push rbp; mov rbp,rsp; call *rcx; pop rbp; ret
const ARM_BODY = 'fd7bbfa9 fd030091 60003fd6 fd7bc1a8'; // stp fp,lr; mov fp,sp; blr x3; ldp fp,lr
const ARM_RET = 'c0035fd6';
const PACIASP = '3f2303d5';
const AUTIASP = 'bf2303d5';
const PACIBSP = '7f2303d5';
const AUTIBSP = 'ff2303d5';
const BTI_C = '5f2403d5';

function x86Row(
  offset: number,
  base: 'sp' | 'fp',
  cfaOffset: number,
  fpOffset?: number,
): TrampolineRow {
  return { offset, base, cfaOffset, fpOffset, raOffset: -8 };
}

/** 3.12, 3.13.0 to 3.13.5 and 3.14's pre-releases: leaves rbp alone, so frame pointers skip its caller. */
function x86A(name: string, prefix: string): Trampoline {
  const skip = bytes(prefix).length;
  const rows = [x86Row(0, 'sp', 8), x86Row(skip + 4, 'sp', 16), x86Row(skip + 10, 'sp', 8)];
  return {
    name,
    architecture: 'x86_64',
    bytes: bytes(prefix + X86_A),
    returnOffset: skip + 6,
    unpadded: true,
    rows,
  };
}

/** 3.13.6, 3.14 and later: keeps a frame pointer. */
function x86B(name: string, prefix: string): Trampoline {
  const skip = bytes(prefix).length;
  const rows = [
    x86Row(0, 'sp', 8),
    x86Row(skip + 1, 'sp', 16, -16),
    x86Row(skip + 4, 'fp', 16, -16),
    x86Row(skip + 7, 'sp', 8),
  ];
  return {
    name,
    architecture: 'x86_64',
    bytes: bytes(prefix + X86_B),
    returnOffset: skip + 6,
    unpadded: false,
    rows,
  };
}

function arm(name: string, prefix: string, suffix: string): Trampoline {
  const skip = bytes(prefix).length;
  const inRegisters = {
    base: 'sp',
    cfaOffset: 0,
    fpOffset: undefined,
    raOffset: undefined,
  } as const;
  return {
    name,
    architecture: 'aarch64',
    bytes: bytes(prefix + ARM_BODY + suffix + ARM_RET),
    returnOffset: skip + 12,
    unpadded: true,
    rows: [
      { offset: 0, ...inRegisters },
      { offset: skip + 4, base: 'sp', cfaOffset: 16, fpOffset: -16, raOffset: -8 },
      { offset: skip + 16, ...inRegisters },
    ],
  };
}

export const TRAMPOLINES: readonly Trampoline[] = [
  x86A('x86-64 A', ''),
  x86A('x86-64 A, CET', ENDBR64),
  x86B('x86-64 B', ''),
  x86B('x86-64 B, CET', ENDBR64),
  arm('arm64', '', ''),
  arm('arm64, BTI', BTI_C, ''),
  arm('arm64, PAC key A', PACIASP, AUTIASP),
  arm('arm64, PAC key B', PACIBSP, AUTIBSP),
];

const MAX_TEMPLATE = Math.max(...TRAMPOLINES.map((template) => template.bytes.length));
/** Longest distance between copies that is looked for: jit mode's 272 and 288 fit well. */
const MAX_STRIDE = 4096;

/**
 * Which trampoline an arena is filled with, from its first bytes (a few hundred are enough).
 * @returns `undefined` where the bytes do not begin with a known template
 */
export function detectTrampolines(
  arena: Uint8Array,
  architecture: Architecture,
): DetectedTrampolines | undefined {
  const template = TRAMPOLINES.find(
    (candidate) => candidate.architecture === architecture && startsWith(arena, 0, candidate.bytes),
  );
  return template && { template, stride: strideOf(arena, template.bytes) };
}

/**
 * The template that an interpreter (or its shared library) was built with, from the code at its
 * exported symbol `_Py_trampoline_func_start`.
 * @returns `undefined` in CPython before 3.12, in other programs, and of an unknown template
 * @throws FormatError where the file's symbol table is malformed
 */
export function trampolineFromElf(image: ElfImage): Trampoline | undefined {
  const architecture = architectureOfMachine(image.machine);
  const start = architecture && symbolNamed(image, '_Py_trampoline_func_start');
  const offset = start && image.offsetOfVaddr(start.address);
  if (architecture === undefined || offset === undefined) return undefined;
  return detectTrampolines(image.source.read(offset, MAX_TEMPLATE), architecture)?.template;
}

/** The row at an offset in one copy; past its last instruction (padding) the entry's row. */
export function trampolineRowAt(template: Trampoline, offset: number): TrampolineRow {
  if (offset < 0 || offset >= template.bytes.length) return template.rows[0];
  return template.rows.findLast((row) => row.offset <= offset) ?? template.rows[0];
}

/**
 * The rows that the instruction at `offset` in an arena may have where the stride is unknown, likeliest
 * first: one or two. Copies begin at multiples of 16 (arm64: of 32) in every version but 3.12. Between
 * the rows of its templates, all from the stack pointer, the bytes on the stack must decide.
 */
export function possibleTrampolineRows(template: Trampoline, offset: number): TrampolineRow[] {
  const strides = [template.architecture === 'aarch64' ? 32 : 16];
  if (template.unpadded) strides.push(template.bytes.length);
  const rows = strides.map((stride) => trampolineRowAt(template, offset % stride));
  // The 8 bytes that template A skips often hold a stale return address, so the deeper CFA is the
  // better proof where both read as code.
  return [...new Set(rows)].sort((a, b) => b.cfaOffset - a.cfaOffset);
}

function startsWith(data: Uint8Array, at: number, prefix: Uint8Array): boolean {
  if (at + prefix.length > data.length) return false;
  for (let i = 0; i < prefix.length; i++) if (data[at + i] !== prefix[i]) return false;
  return true;
}

function strideOf(arena: Uint8Array, template: Uint8Array): number | undefined {
  const last = Math.min(MAX_STRIDE, arena.length - template.length);
  for (let stride = template.length; stride <= last; stride++) {
    if (startsWith(arena, stride, template)) return stride;
  }
  return undefined;
}
