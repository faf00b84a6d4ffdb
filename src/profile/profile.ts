/**
 * The model: what was sampled, as columns over typed arrays. A profile is a value; nothing here knows
 * where it came from (perf.data, another tool's file) or how it will be printed.
 *
 *   samples ──stack──▶ stacks (prefix tree: parent, frame) ──frame──▶ frames ──func──▶ functions
 *      │                                                                                  │
 *      └──thread──▶ threads                                            modules ◀──module──┘
 *
 * Every index column holds -1 for "none". Every text column holds indexes into `strings`.
 */
import type { Address, Nanoseconds } from '../base/units.js';
import type { Region } from '../formats/perfdata/strata-section.js';

/** What a frame is to a Python programmer. */
export const Layer = {
  /** A Python function. */
  Python: 0,
  /** CPython's own C machinery: the eval loop, call glue, trampolines, start-up. */
  Interpreter: 1,
  /** Any other user-space code: C extensions, libraries, other programs. */
  Native: 2,
  Kernel: 3,
  /** An address that lies in no known mapping, or in one that could not be read. */
  Unknown: 4,
} as const;
export type Layer = (typeof Layer)[keyof typeof Layer];

export const LAYER_NAMES = ['python', 'interpreter', 'native', 'kernel', 'unknown'] as const;

/** Why a stack ends before its thread's start; 0 where it does not. Stored in recordings: append only. */
export const Truncation = {
  None: 0,
  /** The stack is deeper than the bytes that the kernel copied. */
  DumpTooSmall: 1,
  /** The code at the last frame carries no unwind information, and no frame pointer helped. */
  NoUnwindInfo: 2,
  /** The last address lies in no executable mapping. */
  UnmappedCode: 3,
  /** The unwind information led back to the same or a lower stack address. */
  NoProgress: 4,
  /** The frame's rule needs a register or memory that was not recorded. */
  MissingRegister: 5,
  /** More frames than a record can carry. */
  TooDeep: 6,
  /** The module's file could not be read any more. */
  UnreadableModule: 7,
  /** The kernel recorded no user registers (the thread was exiting, or a 32-bit one). */
  NoRegisters: 8,
} as const;
export type Truncation = (typeof Truncation)[keyof typeof Truncation];

export const TRUNCATION_WORDS: readonly string[] = [
  'whole',
  'deeper than the recorded bytes of stack',
  'code without unwind information',
  'an address outside every executable mapping',
  'unwind information that made no progress',
  'a register or memory that was not recorded',
  'more frames than a record can carry',
  'a module whose file could not be read',
  'no user registers were recorded',
];

export interface ModuleTable {
  readonly length: number;
  /** Short name, as reports show it: `libc.so.6`, `[kernel]`, `[vdso]`. */
  readonly name: Int32Array;
  /** Full path or pseudo-path. */
  readonly path: Int32Array;
  /** Hexadecimal build ID, or -1. */
  readonly buildId: Int32Array;
}

export interface FunctionTable {
  readonly length: number;
  /**
   * What reports show: demangled; of a Python function its qualified name without file; of a function
   * without a symbol `module+0xSTART`.
   */
  readonly name: Int32Array;
  readonly module: Int32Array;
  /** Source file, or -1: of Python functions always known. */
  readonly file: Int32Array;
  readonly layer: Uint8Array;
  /** 1 of a function as it stands inlined in others, which is not the one that has code of its own. */
  readonly inlined: Uint8Array;
}

export interface FrameTable {
  readonly length: number;
  readonly func: Int32Array;
  /** Run-time address of the instruction (in a caller's frame: of the call). */
  readonly address: Float64Array;
  /** Source line, or -1. */
  readonly line: Int32Array;
  /** The file of that line where it is not known to be the function's own, else -1. */
  readonly file: Int32Array;
  /** 0 for a real frame, n for the nth function inlined into it. */
  readonly inlineDepth: Uint8Array;
}

/**
 * Where frames' code lies in the files that it came from, for disassembly. Of frames that were added behind
 * (`length` and more) nothing is known.
 */
export interface CodeTable {
  readonly length: number;
  /**
   * Virtual address of the frame's instruction in its module's file; of the kernel and of code that was made
   * at run time where it was in memory. NaN where it lies in no known code.
   */
  readonly address: Float64Array;
  /** Of its function, likewise, and in bytes; 0 where the size is unknown. */
  readonly start: Float64Array;
  readonly size: Float64Array;
  /** By module, the file that its symbols were read from. */
  readonly files: ReadonlyMap<number, string>;
  /** Code that was made at run time, by where it began; as far as a jitdump holds it. */
  readonly generated: ReadonlyMap<Address, Uint8Array>;
}

/** A prefix tree: a stack is its outermost frames' stack plus one frame. Parents precede children. */
export interface StackTable {
  readonly length: number;
  /** -1 at the root (the outermost frame). */
  readonly parent: Int32Array;
  readonly frame: Int32Array;
}

export interface ThreadTable {
  readonly length: number;
  readonly pid: Int32Array;
  readonly tid: Int32Array;
  /** The last name that the thread had. */
  readonly name: Int32Array;
}

/** How a branch went: the lowest bits of {@link BranchTable.flags}; above them are its cycles. */
export const BranchFlag = {
  Mispredicted: 1,
  Predicted: 2,
} as const;
export const BRANCH_CYCLES_SHIFT = 4;

/** The branches that samples carry, each distinct one once. */
export interface BranchTable {
  readonly length: number;
  /** Index into `frames`, of which no stack need have any. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** {@link BranchFlag}; from {@link BRANCH_CYCLES_SHIFT} on the cycles since the branch before, 0 where unknown. */
  readonly flags: Int32Array;
  /** What samples carry, one after the other; the youngest branch of each comes first. */
  readonly taken: Int32Array;
  /** By branch stack, where it begins in `taken`; one more than there are, so that the next is its end. */
  readonly first: Int32Array;
}

export interface SampleTable {
  readonly length: number;
  readonly thread: Int32Array;
  /** The command name at the time of the sample (`strings`). */
  readonly comm: Int32Array;
  readonly time: Float64Array;
  /** -1 where the sample has no frames at all. */
  readonly stack: Int32Array;
  /** -1 where not recorded. */
  readonly cpu: Int32Array;
  /** Index into `events`; a recording of all tracepoints has more than 255. */
  readonly event: Int32Array;
  /** The event's count that the sample stands for (perf's period): ns for clocks. */
  readonly weight: Float64Array;
  /** {@link Truncation} of the user part. */
  readonly truncation: Uint8Array;
  /** What the thread was off its CPU for: `Wait` of waits.ts, 0 in samples of a running thread. */
  readonly wait: Uint8Array;
  /** What the hardware says that the sample cost (`PERF_SAMPLE_WEIGHT`): cycles, mostly. Absent where unknown. */
  readonly hardwareWeight?: Float64Array;
  /** The sample's branch stack in the profile's `branches`, or -1; absent where none were recorded. */
  readonly branches?: Int32Array;
}

export interface EventInfo {
  /** As in `perf report`'s header: `cpu-clock`, `cycles:u`. */
  readonly name: string;
  /** What `weight` counts. */
  readonly unit: 'ns' | 'count';
  /** Of an event that was recorded in a group: the index of the group's leader, which may be its own. */
  readonly leader?: number;
  /** The name that the group was given, if any. */
  readonly groupName?: string;
  /** Whether its samples' stacks were copied, and unwound only when they were read. */
  readonly copiedStacks?: boolean;
}

/** Something that could not be known, or that makes the profile differ from what was asked for. */
export interface Note {
  /** A sentence. */
  readonly text: string;
  /** How many samples it touches, where that is known. */
  readonly samples?: number;
}

export interface ProfileMeta {
  /** The recorded command line, or empty. */
  readonly command: string;
  readonly hostname: string;
  /** First and last sample's time. */
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** Samples that the kernel dropped, by its own count. */
  readonly lost: number;
  /** `LOST` records: how many times the kernel dropped something. */
  readonly lostChunks: number;
  /** `THROTTLE` records. */
  readonly throttled: number;
}

export interface Profile {
  readonly meta: ProfileMeta;
  readonly strings: readonly string[];
  readonly modules: ModuleTable;
  readonly functions: FunctionTable;
  readonly frames: FrameTable;
  readonly stacks: StackTable;
  readonly threads: ThreadTable;
  readonly samples: SampleTable;
  readonly events: readonly EventInfo[];
  readonly notes: readonly Note[];
  /** What the recorded program marked; absent where nothing was. */
  readonly regions?: readonly Region[];
  /** Absent unless it was asked for. */
  readonly code?: CodeTable;
  /** Absent unless it was asked for and recorded. Where it is there, rows of reports are of branches. */
  readonly branches?: BranchTable | undefined;
}

export type { Address };
