/**
 * Tells a file that is not a recording's first of the processes that run as it begins: as if they had been
 * attached to then, from what the recorder knows of them.
 */
import { encodeComm, encodeFork, setMapping } from '../../formats/perfdata/sideband-writer.js';
import { PerfMisc } from '../../formats/perfdata/spec.js';
import type { Mapping } from '../../session/address-space.js';
import type { Process, ProcessTable, Thread } from '../../session/processes.js';
import { NO_SAMPLE_ID } from '../events/sample-layout.js';
import type { RecordingFile } from './recording-file.js';

/** A mapping with the MMAP or MMAP2 record that told of it. */
export interface RecordedMapping extends Mapping {
  readonly record: Uint8Array;
}

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
    const leader = { pid, tid: pid };
    if (knownParent !== undefined) {
      const by = { pid: knownParent.pid, tid: knownParent.pid };
      append(file, encodeFork(leader, by, inherits ? 0 : PerfMisc.FORK_EXEC, NO_SAMPLE_ID));
    }
    for (const { tid, comm } of threadsOf.get(process) ?? []) {
      const thread = { pid, tid };
      if (tid !== pid) append(file, encodeFork(thread, leader, PerfMisc.FORK_EXEC, NO_SAMPLE_ID));
      if (comm === `:${tid}`) continue; // It is not known.
      append(file, encodeComm(thread, new TextEncoder().encode(comm), NO_SAMPLE_ID));
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
  const { start, end, pgoff } = mapping;
  const fields = { pid, tid: pid, start, length: end - start, pgoff };
  setMapping(new DataView(record.buffer), fields);
  record.set(NO_SAMPLE_ID, record.byteLength - NO_SAMPLE_ID.byteLength);
  file.copyMapping(record, 0, record.byteLength, pid, mapping);
}
