/**
 * Strata's own feature section of a perf.data file: what would vanish with the machine or the process.
 *
 *   magic "STRATA1\0", then parts until the section's end, each
 *   u32 kind, u32 zero, u64 size, size bytes, zeros to a multiple of 8
 *
 * Unknown kinds are passed over by their size. All numbers are little-endian.
 */
import { Cursor, decodeUtf8 } from '../../base/cursor.js';
import { lastAtMost } from '../../base/search.js';
import type { Nanoseconds } from '../../base/units.js';

const MAGIC = 'STRATA1\0';
const FORMAT = 'perf.data (Strata section)';

/** How the file of names is called in MMAP2 records, before what tells recordings apart: no real path. */
export const CODE_NAMES_PATH = '/strata/code-names-';

const Part = {
  /** {@link RecordingInfo} as JSON. */
  INFO: 1,
  /** An ELF file whose symbols name the code that perf maps named. */
  NAMES: 2,
  /** The functions of the kernel that were sampled, as /proc/kallsyms writes them. */
  KERNEL_SYMBOLS: 3,
  /** Stacks that end early: u32 count, then u32 ordinals of samples, then as many u8 causes. */
  TRUNCATED: 4,
  /** Waits of threads that could have run on: u32 count, then u32 ordinals of samples. */
  PREEMPTED: 5,
} as const;

/** What the recorder knows of the whole recording. */
export interface RecordingInfo {
  /** Of this structure: 1. */
  readonly version: number;
  /** `strata 0.1.0`. */
  readonly program: string;
  /** The recorded program and its arguments; empty where none was started. */
  readonly command: readonly string[];
  /** A caller's address in a callchain is that of its call, not of the instruction after it. */
  readonly callerAddresses: 'call' | 'return';
  /**
   * Events, by their place in the file, whose chains are as the kernel recorded them only in the kernel's
   * part: in user space, where they were unwound, callers' addresses are those of calls.
   */
  readonly unwoundEvents?: readonly number[];
  /** The path under which {@link Part.NAMES} appears in MMAP2 records; absent where there is none. */
  readonly namesPath?: string;
  readonly samples: number;
  /** Samples whose user stack was unwound, and how many of those reach their thread's start. */
  readonly unwound: number;
  readonly whole: number;
  /** Samples that the kernel dropped. */
  readonly lost: number;
  readonly throttled: number;
  /** What else could not be recorded, in sentences. */
  readonly notes: readonly string[];
  /** Stretches of time that the recorded program marked. */
  readonly regions?: readonly Region[];
}

/** A thread's time between two marks. */
export interface Region {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** By the clock of the samples. */
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/** Stacks that end before their thread's start. */
export interface TruncatedStacks {
  /** Which samples: the nth SAMPLE record of the file, rising. */
  readonly ordinals: Uint32Array;
  /** `Truncation` of each. */
  readonly causes: Uint8Array;
}

export interface StrataSection {
  readonly info: RecordingInfo;
  /** An ELF image, or `undefined` where nothing was named. */
  readonly names: Uint8Array | undefined;
  /** Text in the form of /proc/kallsyms. */
  readonly kernelSymbols: Uint8Array | undefined;
  readonly truncated: TruncatedStacks;
  /** Samples of time off the CPU in which the thread waited for nothing but a CPU: ordinals, rising. */
  readonly preempted?: Uint32Array;
}

/** Why the stack of the sample with this number ends early: a `Truncation`, 0 where it does not. */
export function truncationOf({ ordinals, causes }: TruncatedStacks, ordinal: number): number {
  const at = lastAtMost(ordinals, ordinals.length, ordinal);
  return at >= 0 && ordinals[at] === ordinal ? causes[at] : 0;
}

/** Whether the sample with this number is among `ordinals`, which rise. */
export function hasOrdinal(ordinals: Uint32Array, ordinal: number): boolean {
  const at = lastAtMost(ordinals, ordinals.length, ordinal);
  return at >= 0 && ordinals[at] === ordinal;
}

/** The section's bytes. */
export function encodeStrataSection(section: StrataSection): Uint8Array {
  const { names, kernelSymbols, preempted } = section;
  const { ordinals, causes } = section.truncated;

  const text = new TextEncoder();
  const parts: [number, Uint8Array][] = [
    [Part.INFO, text.encode(JSON.stringify(section.info))],
    [Part.TRUNCATED, encodeOrdinals(ordinals, causes)],
  ];
  if (names !== undefined) parts.push([Part.NAMES, names]);
  if (kernelSymbols !== undefined) parts.push([Part.KERNEL_SYMBOLS, kernelSymbols]);
  if (preempted !== undefined) parts.push([Part.PREEMPTED, encodeOrdinals(preempted)]);

  const size = parts.reduce((sum, [, bytes]) => sum + 16 + roundUp8(bytes.byteLength), 8);
  const out = new Uint8Array(size);
  const outView = new DataView(out.buffer);
  out.set(text.encode(MAGIC), 0);
  let at = 8;
  for (const [kind, bytes] of parts) {
    outView.setUint32(at, kind, true);
    outView.setUint32(at + 8, bytes.byteLength, true);
    out.set(bytes, at + 16);
    at += 16 + roundUp8(bytes.byteLength);
  }
  return out;
}

/** Their count, they themselves, and what goes with each. */
function encodeOrdinals(ordinals: Uint32Array, rest?: Uint8Array): Uint8Array {
  const head = 4 + ordinals.length * 4;
  const out = new Uint8Array(head + (rest?.length ?? 0));
  const view = new DataView(out.buffer);
  view.setUint32(0, ordinals.length, true);
  ordinals.forEach((ordinal, i) => view.setUint32(4 + i * 4, ordinal, true));
  if (rest !== undefined) out.set(rest, head);
  return out;
}

/**
 * Reads the section.
 * @param base offset of `bytes` in their file, for errors
 * @throws FormatError
 */
export function decodeStrataSection(bytes: Uint8Array, base = 0): StrataSection {
  const cursor = new Cursor(bytes, FORMAT, true, base);
  cursor.structure = 'magic';
  const magic = decodeUtf8(cursor.take(8));
  if (magic !== MAGIC) throw cursor.fault(JSON.stringify(MAGIC), JSON.stringify(magic), 8);

  let info: RecordingInfo | undefined;
  let names: Uint8Array | undefined;
  let kernelSymbols: Uint8Array | undefined;
  let truncated: TruncatedStacks = { ordinals: new Uint32Array(0), causes: new Uint8Array(0) };
  let preempted: Uint32Array | undefined;
  while (cursor.remaining > 0) {
    cursor.structure = 'part';
    const kind = cursor.u32();
    cursor.skip(4);
    const size = cursor.u64();
    const part = cursor.sub(size);
    cursor.skip(Math.min(roundUp8(size) - size, cursor.remaining));
    if (kind === Part.INFO) info = decodeInfo(part);
    else if (kind === Part.NAMES) names = part.bytes;
    else if (kind === Part.KERNEL_SYMBOLS) kernelSymbols = part.bytes;
    else if (kind === Part.TRUNCATED) truncated = decodeTruncated(part);
    else if (kind === Part.PREEMPTED) preempted = decodeOrdinals(part, 'preempted threads');
  }
  cursor.structure = 'parts';
  if (info === undefined) throw cursor.fault('a part that describes the recording', 'none');
  const section = { info, names, kernelSymbols, truncated };
  return preempted === undefined ? section : { ...section, preempted };
}

function decodeInfo(part: Cursor): RecordingInfo {
  part.structure = 'recording information';
  const text = decodeUtf8(part.bytes);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw part.fault('JSON', JSON.stringify(text.slice(0, 40)));
  }
  if (typeof json !== 'object' || json === null) throw part.fault('a JSON object', typeof json);
  const fields = json as Record<string, unknown>;
  const count = (name: string): number => {
    const value = fields[name];
    if (typeof value !== 'number' || !(value >= 0)) {
      throw part.fault(`a count '${name}'`, JSON.stringify(value) ?? 'nothing');
    }
    return value;
  };
  const words = (name: string): string | undefined => {
    const value = fields[name];
    return typeof value === 'string' ? value : undefined;
  };
  const list = (name: string): string[] => {
    const value: unknown = fields[name];
    return Array.isArray(value)
      ? value.filter((item): item is string => typeof item === 'string')
      : [];
  };
  const namesPath = words('namesPath');
  const regions = decodeRegions(fields['regions']);
  const unwoundEvents = fields['unwoundEvents'];
  return {
    version: count('version'),
    program: words('program') ?? 'strata',
    command: list('command'),
    callerAddresses: words('callerAddresses') === 'call' ? 'call' : 'return',
    ...(Array.isArray(unwoundEvents)
      ? { unwoundEvents: unwoundEvents.filter((one): one is number => typeof one === 'number') }
      : {}),
    ...(namesPath === undefined ? {} : { namesPath }),
    samples: count('samples'),
    unwound: count('unwound'),
    whole: count('whole'),
    lost: count('lost'),
    throttled: count('throttled'),
    notes: list('notes'),
    ...(regions === undefined ? {} : { regions }),
  };
}

/** Those that make sense. */
function decodeRegions(value: unknown): Region[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const isNumber = (one: unknown): one is number => typeof one === 'number' && one >= 0;
  return value.flatMap((one: Partial<Record<keyof Region, unknown>> | null) => {
    const { name, pid, tid, start, end } = one ?? {};
    const isSound =
      typeof name === 'string' &&
      isNumber(pid) &&
      isNumber(tid) &&
      isNumber(start) &&
      isNumber(end) &&
      start <= end;
    return isSound ? [{ name, pid, tid, start, end }] : [];
  });
}

function decodeTruncated(part: Cursor): TruncatedStacks {
  const ordinals = decodeOrdinals(part, 'truncated stacks');
  return { ordinals, causes: part.take(ordinals.length).slice() };
}

function decodeOrdinals(part: Cursor, structure: string): Uint32Array {
  part.structure = structure;
  const count = part.u32();
  part.need(count * 4);
  const ordinals = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    ordinals[i] = part.u32();
    if (i > 0 && ordinals[i] <= ordinals[i - 1]) {
      throw part.fault(`an ordinal above ${ordinals[i - 1]}`, `${ordinals[i]}`, 4);
    }
  }
  return ordinals;
}

function roundUp8(size: number): number {
  return Math.ceil(size / 8) * 8;
}
