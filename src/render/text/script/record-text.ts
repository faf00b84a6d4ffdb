/**
 * Records that are no samples, in perf's words (tools/perf/util/event.c, `perf_event__fprintf`).
 */
import { formatAddress, type Address } from '../../../base/units.js';
import type { Cursor } from '../../../base/cursor.js';
import type { RecordReader } from '../../../formats/perfdata/records.js';
import { readComm, readFork, readMmap } from '../../../formats/perfdata/sideband.js';
import { PerfMisc, PerfRecord, PROT_EXEC } from '../../../formats/perfdata/spec.js';
import { safe } from '../text.js';

/** ` 12/12: [0x1000(0x200) @ 0 fe:00 17 0]: r-xp /bin/true`, and its thread. */
export interface RecordText {
  readonly pid: number;
  readonly tid: number;
  /** Behind `PERF_RECORD_`; one line or more, without the last one's end. */
  readonly text: string;
}

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
/** Kinds of namespaces in the record's order (`perf_ns__name`). */
const NAMESPACES = ['net', 'uts', 'ipc', 'pid', 'user', 'mnt', 'cgroup'];
/** The kernel writes seven; more are made up. */
const MAX_NAMESPACES = 64;

/**
 * The current record of `reader` in words; `undefined` of types that are not printed.
 * @throws FormatError where the record is too short
 */
export function recordText(reader: RecordReader): RecordText | undefined {
  const { type, misc } = reader;
  const body = reader.body();
  const ofSample = { pid: reader.pid, tid: reader.tid };
  switch (type) {
    case PerfRecord.MMAP:
    case PerfRecord.MMAP2:
      return mmapText(body, type, misc);
    case PerfRecord.COMM: {
      const { pid, tid, comm, exec } = readComm(body, misc);
      return { pid, tid, text: `COMM${exec ? ' exec' : ''}: ${safe(comm)}:${pid}/${tid}` };
    }
    case PerfRecord.FORK:
    case PerfRecord.EXIT: {
      const { pid, tid, parentPid, parentTid } = readFork(body, misc);
      const name = type === PerfRecord.FORK ? 'FORK' : 'EXIT';
      return { pid, tid, text: `${name}(${pid}:${tid}):(${parentPid}:${parentTid})` };
    }
    case PerfRecord.LOST:
      body.skip(8); // id
      return { ...ofSample, text: `LOST lost ${body.u64big()}` };
    case PerfRecord.SWITCH:
      return { ...ofSample, text: `SWITCH ${switchText(misc)}` };
    case PerfRecord.SWITCH_CPU_WIDE: {
      const other = (misc & PerfMisc.SWITCH_OUT) !== 0 ? 'next' : 'prev';
      const ids = `${pad(body.i32())}/${`${body.i32()}`.padEnd(5)}`;
      return {
        ...ofSample,
        text: `SWITCH_CPU_WIDE ${switchText(misc)}  ${other} pid/tid: ${ids}`,
      };
    }
    case PerfRecord.NAMESPACES:
      return namespacesText(body);
    case PerfRecord.CGROUP:
      return {
        ...ofSample,
        text: `CGROUP cgroup: ${body.u64big()} ${safe(body.fixedString(body.remaining))}`,
      };
    case PerfRecord.KSYMBOL:
      return { ...ofSample, text: ksymbolText(body) };
    case PerfRecord.BPF_EVENT:
      return {
        ...ofSample,
        text: `BPF_EVENT type ${body.u16()}, flags ${body.u16()}, id ${body.u32()}`,
      };
    default:
      return undefined;
  }
}

function mmapText(body: Cursor, type: number, misc: number): RecordText {
  const place = new CursorPlace(body);
  const { pid, tid, start, length, pgoff, path, buildId } = readMmap(body, type, misc);
  const range = `${hex(start)}(${hex(length)}) @ ${hex(pgoff)}`;
  if (type === PerfRecord.MMAP) {
    const kind = (misc & PerfMisc.MMAP_DATA) !== 0 ? 'r' : 'x';
    return { pid, tid, text: `MMAP ${pid}/${tid}: [${range}]: ${kind} ${safe(path)}` };
  }
  // Behind pid, tid and three addresses: device, inode, generation; then protection and flags.
  const file = place.at(32);
  const device = `${two(file.u32())}:${two(file.u32())}`;
  const inode = buildId === undefined ? `${device} ${file.u64big()} ${file.u64big()}` : undefined;
  const rights = place.at(56);
  const protection = protectionText(rights.u32(), rights.u32());
  return {
    pid,
    tid,
    text: `MMAP2 ${pid}/${tid}: [${range} ${inode ?? `<${buildId}>`}]: ${protection} ${safe(path)}`,
  };
}

/** Reads fields of a body again that lie at fixed places. */
class CursorPlace {
  private readonly start: number;
  constructor(private readonly cursor: Cursor) {
    this.start = cursor.position;
  }

  at(offset: number): Cursor {
    this.cursor.seek(this.start + offset);
    return this.cursor;
  }
}

function protectionText(protection: number, flags: number): string {
  return (
    ((protection & PROT_READ) !== 0 ? 'r' : '-') +
    ((protection & PROT_WRITE) !== 0 ? 'w' : '-') +
    ((protection & PROT_EXEC) !== 0 ? 'x' : '-') +
    ((flags & MAP_SHARED) !== 0 ? 's' : 'p')
  );
}

function switchText(misc: number): string {
  if ((misc & PerfMisc.SWITCH_OUT) === 0) return 'IN         ';
  return (misc & PerfMisc.SWITCH_OUT_PREEMPT) === 0 ? 'OUT        ' : 'OUT preempt';
}

function namespacesText(body: Cursor): RecordText {
  const pid = body.i32();
  const tid = body.i32();
  const count = body.u64();
  let text = `NAMESPACES ${pid}/${tid} - nr_namespaces: ${count}\n\t\t[`;
  for (let i = 0; i < Math.min(count, MAX_NAMESPACES); i++) {
    const namespace = `${body.u64big()}/0x${body.u64big().toString(16)}`;
    if (i > 0 && i % 4 === 0) text += '\n\t\t ';
    text += `${i}/${NAMESPACES[i] ?? 'unknown'}: ${namespace}${i + 1 === count ? ']' : ', '}`;
  }
  return { pid, tid, text };
}

function ksymbolText(body: Cursor): string {
  const address = formatAddress(body.address());
  const length = body.u32();
  const type = body.u16();
  const flags = body.u16();
  const name = safe(body.fixedString(body.remaining));
  return `KSYMBOL addr ${address} len ${length} type ${type} flags 0x${flags.toString(16)} name ${name}`;
}

/** C's `%#x`: no prefix before 0. */
function hex(value: Address): string {
  return value === 0 ? '0' : `0x${formatAddress(value)}`;
}

function two(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function pad(value: number): string {
  return `${value}`.padStart(5);
}
