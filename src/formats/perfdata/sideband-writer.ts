/**
 * Whole records that tell of processes and their memory, little-endian: the reverse of sideband.ts. The
 * kernel writes such records of what changes; of what was there before, the recorder does.
 */
import type { Address } from '../../base/units.js';
import { PerfMisc, PerfRecord } from './spec.js';

/** Byte offsets in MMAP and MMAP2 records. */
export const MmapOffset = {
  PID: 8,
  TID: 12,
  START: 16,
  LENGTH: 24,
  PGOFF: 32,
  /** MMAP2 has more before the name. */
  MMAP_NAME: 40,
  FILE: 40,
  PROT: 64,
  FLAGS: 68,
  MMAP2_NAME: 72,
} as const;

/** `BUILD_ID_SIZE_MAX` of the kernel's: what an MMAP2 record has room for. */
export const MAX_BUILD_ID = 20;

/** `PATH_MAX`; names are cut there. */
const MAX_NAME = 4096;

export interface TaskIds {
  readonly pid: number;
  readonly tid: number;
}

export interface MmapFields extends TaskIds {
  readonly start: Address;
  readonly length: number;
  readonly pgoff: Address;
  /** A path, or what stands for memory without a file: any bytes but 0. */
  readonly name: Uint8Array;
}

export interface Mmap2Fields extends MmapFields {
  /** `PROT_*` and `MAP_*`. */
  readonly prot: number;
  readonly flags: number;
  /** Absent of memory without a file. */
  readonly file?: MappedFile | undefined;
}

/** What tells a file from others: its build ID (at most {@link MAX_BUILD_ID} bytes), or where it lies. */
export type MappedFile =
  | { readonly buildId: Uint8Array }
  | { readonly major: number; readonly minor: number; readonly inode: bigint };

/** @param sampleId what ends the record: `struct sample_id`, a multiple of 8 bytes; so below */
export function encodeComm(task: TaskIds, name: Uint8Array, sampleId: Uint8Array): Uint8Array {
  const { record, view } = newRecord(PerfRecord.COMM, 0, 16, name, sampleId);
  view.setInt32(8, task.pid, true);
  view.setInt32(12, task.tid, true);
  return record;
}

/** @param misc {@link PerfMisc.FORK_EXEC} where the child does not begin with its parent's mappings */
export function encodeFork(
  child: TaskIds,
  parent: TaskIds,
  misc: number,
  sampleId: Uint8Array,
): Uint8Array {
  const { record, view } = newRecord(PerfRecord.FORK, misc, 32, undefined, sampleId);
  [child.pid, parent.pid, child.tid, parent.tid].forEach((id, i) =>
    view.setInt32(8 + i * 4, id, true),
  );
  return record; // its time is 0
}

/** @param misc whose mapping it is: {@link PerfMisc.KERNEL}, {@link PerfMisc.USER} */
export function encodeMmap(fields: MmapFields, misc: number, sampleId: Uint8Array): Uint8Array {
  const at = MmapOffset.MMAP_NAME;
  const { record, view } = newRecord(PerfRecord.MMAP, misc, at, fields.name, sampleId);
  setMapping(view, fields);
  return record;
}

/** Of a mapping in user space. */
export function encodeMmap2(fields: Mmap2Fields, sampleId: Uint8Array): Uint8Array {
  const { name, file, prot, flags } = fields;
  const hasBuildId = file !== undefined && 'buildId' in file;
  const misc = PerfMisc.USER | (hasBuildId ? PerfMisc.MMAP_BUILD_ID : 0);
  const { MMAP2_NAME, FILE, PROT, FLAGS } = MmapOffset;
  const { record, view } = newRecord(PerfRecord.MMAP2, misc, MMAP2_NAME, name, sampleId);
  setMapping(view, fields);
  if (hasBuildId) {
    record[FILE] = file.buildId.byteLength;
    record.set(file.buildId, FILE + 4);
  } else if (file !== undefined) {
    view.setUint32(FILE, file.major, true);
    view.setUint32(FILE + 4, file.minor, true);
    view.setBigUint64(FILE + 8, file.inode, true); // its generation stays 0
  }
  view.setUint32(PROT, prot, true);
  view.setUint32(FLAGS, flags, true);
  return record;
}

/** Puts the fields that a mapping has in MMAP and MMAP2, but for its name. */
export function setMapping(view: DataView, fields: Omit<MmapFields, 'name'>): void {
  view.setInt32(MmapOffset.PID, fields.pid, true);
  view.setInt32(MmapOffset.TID, fields.tid, true);
  view.setBigInt64(MmapOffset.START, BigInt(fields.start), true);
  view.setBigInt64(MmapOffset.LENGTH, BigInt(fields.length), true);
  view.setBigInt64(MmapOffset.PGOFF, BigInt(fields.pgoff), true);
}

/**
 * A record of zeros between its head, its name and what ends it.
 * @param nameAt where the name goes, or what ends the record
 */
function newRecord(
  type: number,
  misc: number,
  nameAt: number,
  name: Uint8Array | undefined,
  sampleId: Uint8Array,
): { record: Uint8Array; view: DataView } {
  const kept = name?.subarray(0, MAX_NAME);
  const end = nameAt + (kept === undefined ? 0 : (kept.byteLength + 8) & ~7);
  const record = new Uint8Array(end + sampleId.byteLength);
  const view = new DataView(record.buffer);
  view.setUint32(0, type, true);
  view.setUint16(4, misc, true);
  view.setUint16(6, record.byteLength, true);
  if (kept !== undefined) record.set(kept, nameAt);
  record.set(sampleId, end);
  return { record, view };
}
