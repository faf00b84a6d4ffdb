/**
 * `struct perf_event_attr` (include/uapi/linux/perf_event.h): what one event counts and what its
 * samples carry. It opens events (`perf_event_open`) and stands in perf.data files. Fields keep the
 * kernel's names.
 */
import type { Cursor } from '../../base/cursor.js';

/** `PERF_ATTR_SIZE_VER0`: the first kernel's struct, and what a size of 0 means. */
const ATTR_SIZE_VER0 = 64;
/** `PERF_ATTR_SIZE_VER8` (Linux 6.3, with config3): what {@link encodeAttr} writes. */
export const ATTR_SIZE = 136;

/** The flags word's bits from bit 0 up; `precise_ip` takes two. */
export const FLAG_NAMES = [
  'disabled',
  'inherit',
  'pinned',
  'exclusive',
  'exclude_user',
  'exclude_kernel',
  'exclude_hv',
  'exclude_idle',
  'mmap',
  'comm',
  'freq',
  'inherit_stat',
  'enable_on_exec',
  'task',
  'watermark',
  'precise_ip_low',
  'precise_ip_high',
  'mmap_data',
  'sample_id_all',
  'exclude_host',
  'exclude_guest',
  'exclude_callchain_kernel',
  'exclude_callchain_user',
  'mmap2',
  'comm_exec',
  'use_clockid',
  'context_switch',
  'write_backward',
  'namespaces',
  'ksymbol',
  'bpf_event',
  'aux_output',
  'cgroup',
  'text_poke',
  'build_id',
  'inherit_thread',
  'remove_on_exec',
  'sigtrap',
  'defer_callchain',
  'defer_output',
] as const;

const PRECISE_IP_SHIFT = FLAG_NAMES.indexOf('precise_ip_low');

/** The name of a one-bit flag of the attribute. */
export type AttrFlag = Exclude<(typeof FLAG_NAMES)[number], 'precise_ip_low' | 'precise_ip_high'>;

/** `perf_event_attr` as a value. */
export interface EventAttr {
  /** `PerfType`, or a dynamic PMU's number. */
  readonly type: number;
  /** Bytes, as its writer declared; {@link encodeAttr} takes its own. */
  readonly size: number;
  readonly config: bigint;
  /** A period, or, with the flag `freq`, samples per second. */
  readonly sample_period: number;
  /** `PerfSample` bits. */
  readonly sample_type: number;
  /** `PerfFormat` bits. */
  readonly read_format: number;
  /** The flags that are set. */
  readonly flags: Readonly<Partial<Record<AttrFlag, boolean>>>;
  /** 0 to 3: how near the sampled instruction must be to the event. */
  readonly precise_ip: number;
  /** Events, or with the flag `watermark` bytes, until the reader is woken. */
  readonly wakeup_events: number;
  readonly bp_type: number;
  /** Also `bp_addr`, `kprobe_func`, `uprobe_path`. */
  readonly config1: bigint;
  /** Also `bp_len`, `kprobe_addr`, `probe_offset`. */
  readonly config2: bigint;
  readonly branch_sample_type: bigint;
  /** A bit per register, in the numbering of the machine's `asm/perf_regs.h`. */
  readonly sample_regs_user: bigint;
  /** Bytes of user stack to copy. */
  readonly sample_stack_user: number;
  /** `CLOCK_*`, used with the flag `use_clockid`. */
  readonly clockid: number;
  readonly sample_regs_intr: bigint;
  readonly aux_watermark: number;
  readonly sample_max_stack: number;
  readonly aux_sample_size: number;
  readonly sig_data: bigint;
  readonly config3: bigint;
}

/** An attribute of zeros, to be spread under what is wanted. */
export const EMPTY_ATTR: EventAttr = {
  type: 0,
  size: 0,
  config: 0n,
  sample_period: 0,
  sample_type: 0,
  read_format: 0,
  flags: {},
  precise_ip: 0,
  wakeup_events: 0,
  bp_type: 0,
  config1: 0n,
  config2: 0n,
  branch_sample_type: 0n,
  sample_regs_user: 0n,
  sample_stack_user: 0,
  clockid: 0,
  sample_regs_intr: 0n,
  aux_watermark: 0,
  sample_max_stack: 0,
  aux_sample_size: 0,
  sig_data: 0n,
  config3: 0n,
};

/**
 * Reads an attribute that takes `size` bytes at the cursor and moves past it. Fields beyond the
 * struct's own declared size (an older kernel's) are 0; what lies beyond the fields known here (a newer
 * kernel's) is passed over.
 * @throws FormatError where `size` is below the first version's, or the bytes end.
 */
export function decodeAttr(cursor: Cursor, size: number): EventAttr {
  cursor.structure = 'perf_event_attr';
  if (size < ATTR_SIZE_VER0) {
    throw cursor.fault(`an attribute of at least ${ATTR_SIZE_VER0} bytes`, `${size}`);
  }
  // Padding with zeros to our own size makes one reader of every version.
  const bytes = cursor.take(size);
  const padded = new Uint8Array(Math.max(size, ATTR_SIZE));
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const little = cursor.littleEndian;
  const declared = view.getUint32(4, little) || ATTR_SIZE_VER0;
  padded.fill(0, Math.max(declared, ATTR_SIZE_VER0));

  const flags: Partial<Record<AttrFlag, boolean>> = {};
  FLAG_NAMES.forEach((name, bit) => {
    if (name === 'precise_ip_low' || name === 'precise_ip_high') return;
    if (flagBit(padded, bit, little) !== 0) flags[name] = true;
  });
  // The field's own lower bit comes second where bit fields start from the top.
  const first = flagBit(padded, PRECISE_IP_SHIFT, little);
  const second = flagBit(padded, PRECISE_IP_SHIFT + 1, little);

  return {
    type: view.getUint32(0, little),
    size: declared,
    config: view.getBigUint64(8, little),
    sample_period: Number(view.getBigUint64(16, little)),
    sample_type: Number(view.getBigUint64(24, little) & 0xffffffffn),
    read_format: Number(view.getBigUint64(32, little) & 0xffffffffn),
    flags,
    precise_ip: little ? first | (second << 1) : second | (first << 1),
    wakeup_events: view.getUint32(48, little),
    bp_type: view.getUint32(52, little),
    config1: view.getBigUint64(56, little),
    config2: view.getBigUint64(64, little),
    branch_sample_type: view.getBigUint64(72, little),
    sample_regs_user: view.getBigUint64(80, little),
    sample_stack_user: view.getUint32(88, little),
    clockid: view.getInt32(92, little),
    sample_regs_intr: view.getBigUint64(96, little),
    aux_watermark: view.getUint32(104, little),
    sample_max_stack: view.getUint16(108, little),
    aux_sample_size: view.getUint32(112, little),
    sig_data: view.getBigUint64(120, little),
    config3: view.getBigUint64(128, little),
  };
}

/**
 * A bit of the flags word. C compilers lay bit fields from the lowest bit of the lowest byte on
 * little-endian machines, from the highest bit of the lowest byte on big-endian ones (perf's
 * `swap_bitfield`).
 */
function flagBit(attr: Uint8Array, bit: number, little: boolean): number {
  const byte = attr[40 + (bit >> 3)];
  return (byte >> (little ? bit & 7 : 7 - (bit & 7))) & 1;
}

/**
 * The little-endian bytes of `attr` with their size filled in.
 * @param size of an earlier version of the struct, where all fields beyond are 0
 */
export function encodeAttr(attr: Partial<EventAttr>, size = ATTR_SIZE): Uint8Array {
  const full = { ...EMPTY_ATTR, ...attr };
  const bytes = new Uint8Array(ATTR_SIZE);
  const view = new DataView(bytes.buffer);
  let flags = BigInt(full.precise_ip & 3) << BigInt(PRECISE_IP_SHIFT);
  FLAG_NAMES.forEach((name, bit) => {
    if (name === 'precise_ip_low' || name === 'precise_ip_high') return;
    if (full.flags[name] === true) flags |= 1n << BigInt(bit);
  });
  view.setUint32(0, full.type, true);
  view.setUint32(4, size, true);
  view.setBigUint64(8, full.config, true);
  view.setBigUint64(16, BigInt(full.sample_period), true);
  view.setBigUint64(24, BigInt(full.sample_type), true);
  view.setBigUint64(32, BigInt(full.read_format), true);
  view.setBigUint64(40, flags, true);
  view.setUint32(48, full.wakeup_events, true);
  view.setUint32(52, full.bp_type, true);
  view.setBigUint64(56, full.config1, true);
  view.setBigUint64(64, full.config2, true);
  view.setBigUint64(72, full.branch_sample_type, true);
  view.setBigUint64(80, full.sample_regs_user, true);
  view.setUint32(88, full.sample_stack_user, true);
  view.setInt32(92, full.clockid, true);
  view.setBigUint64(96, full.sample_regs_intr, true);
  view.setUint32(104, full.aux_watermark, true);
  view.setUint16(108, full.sample_max_stack, true);
  view.setUint32(112, full.aux_sample_size, true);
  view.setBigUint64(120, full.sig_data, true);
  view.setBigUint64(128, full.config3, true);
  return bytes.subarray(0, size);
}
