/**
 * Tells a file that is not a recording's first of the processes that run as it begins: as if they had been
 * attached to then, from what the recorder knows of them.
 */
import { addressHigh, addressLow, type Address } from '../../base/units.js';
import { PerfMisc, PerfRecord } from '../../formats/perfdata/spec.js';
import type { Mapping } from '../../session/address-space.js';
import type { Process, ProcessTable, Thread } from '../../session/processes.js';
import { SAMPLE_ID_SIZE } from '../events/sample-layout.js';
import type { RecordingFile } from './recording-file.js';

/** A mapping with the MMAP or MMAP2 record that told of it. */
export interface RecordedMapping extends Mapping {
  readonly record: Uint8Array;
}

/** Byte offsets in MMAP and MMAP2 records. */
const Mmap = { PID: 8, TID: 12, START: 16, LENGTH: 24, PGOFF: 32 } as const;

/** Appends FORK, COMM and MMAP2 records, with a time of 0, of all processes of the table. */
export function writeProcesses(table: ProcessTable, file: RecordingFile): void {
  const threadsOf = new Map<Process, Thread[]>();
  for (const thread of table.allThreads) {
    const threads = threadsOf.get(thread.process);
    if (threads === undefined) threadsOf.set(thread.process, [thread]);
    else threads.push(thread);
  }
  const written = new Set<Process>();
  for (const process of table.all) {
    const { pid, parent } = process;
    // A child that changed nothing since its fork shares its parent's mappings here, too.
    const knownParent = parent !== undefined && written.has(parent) ? parent : undefined;
    const inherits = knownParent?.space.mappings === process.space.mappings;
    if (knownParent !== undefined) append(file, fork(pid, pid, knownParent.pid, !inherits));
    for (const { tid, comm } of threadsOf.get(process) ?? []) {
      if (tid !== pid) append(file, fork(pid, tid, pid, true));
      if (comm !== `:${tid}`) append(file, commRecord(pid, tid, comm));
    }
    if (!inherits) {
      for (const mapping of process.space.mappings) writeMapping(file, pid, mapping);
    }
    written.add(process);
  }
}

function append(file: RecordingFile, record: Uint8Array): void {
  file.copy(record, 0, record.byteLength);
}

/** The record that told of a mapping, for what is left of it. */
function writeMapping(file: RecordingFile, pid: number, mapping: Mapping): void {
  const record = (mapping as RecordedMapping).record.slice();
  const view = new DataView(record.buffer);
  view.setInt32(Mmap.PID, pid, true);
  view.setInt32(Mmap.TID, pid, true);
  setAddress(view, Mmap.START, mapping.start);
  setAddress(view, Mmap.LENGTH, mapping.end - mapping.start);
  setAddress(view, Mmap.PGOFF, mapping.pgoff);
  record.fill(0, record.byteLength - SAMPLE_ID_SIZE);
  file.copyMapping(record, 0, record.byteLength, pid, mapping);
}

/** @param ownMappings whether the child does not begin with its parent's, by perf's mark */
function fork(pid: number, tid: number, parent: number, ownMappings: boolean): Uint8Array {
  const misc = ownMappings ? PerfMisc.FORK_EXEC : 0;
  const { record, view } = newRecord(PerfRecord.FORK, misc, 32);
  [pid, parent, tid, parent].forEach((id, i) => view.setInt32(8 + i * 4, id, true));
  return record;
}

function commRecord(pid: number, tid: number, comm: string): Uint8Array {
  const name = new TextEncoder().encode(comm);
  const { record, view } = newRecord(PerfRecord.COMM, 0, 16 + ((name.byteLength + 8) & ~7));
  view.setInt32(8, pid, true);
  view.setInt32(12, tid, true);
  record.set(name, 16);
  return record;
}

/** @param size without the `sample_id` of zeros that ends it */
function newRecord(
  type: number,
  misc: number,
  size: number,
): { record: Uint8Array; view: DataView } {
  const record = new Uint8Array(size + SAMPLE_ID_SIZE);
  const view = new DataView(record.buffer);
  view.setUint32(0, type, true);
  view.setUint16(4, misc, true);
  view.setUint16(6, record.byteLength, true);
  return { record, view };
}

function setAddress(view: DataView, at: number, address: Address): void {
  view.setUint32(at, addressLow(address), true);
  view.setUint32(at + 4, addressHigh(address), true);
}
