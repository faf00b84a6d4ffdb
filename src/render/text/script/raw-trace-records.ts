/**
 * What records other than samples say, from behind their name on (tools/perf/util/event.c,
 * `perf_event__fprintf_*`; what perf's tools leave out of a dump is empty here, too).
 */
import { formatAddress, type Address } from '../../../base/units.js';
import {
  AuxFlag,
  readAux,
  readAuxOutputHwId,
  readItraceStart,
  readRead,
} from '../../../formats/perfdata/counters.js';
import { readBpfEvent, readKsymbol, readTextPoke } from '../../../formats/perfdata/kernel-code.js';
import type { RecordReader } from '../../../formats/perfdata/records.js';
import {
  NAMESPACE_NAMES,
  readCgroup,
  readComm,
  readFork,
  readLost,
  readMmap,
  readNamespaces,
  readSwitch,
} from '../../../formats/perfdata/sideband.js';
import { PerfFormat, PerfMisc, PerfRecord } from '../../../formats/perfdata/spec.js';
import { safe } from '../text.js';
import { toolRecordText } from './raw-trace-tool.js';

const MAP_SHARED = 1;

/** @throws FormatError where the record is too short */
export function recordText(reader: RecordReader): string {
  const { type, misc } = reader;
  const body = reader.body();
  switch (type) {
    case PerfRecord.MMAP:
    case PerfRecord.MMAP2:
      return mmapText(reader);
    case PerfRecord.COMM: {
      const { pid, tid, comm, exec } = readComm(body, misc);
      return `${exec ? ' exec' : ''}: ${safe(comm)}:${pid}/${tid}\n`;
    }
    case PerfRecord.FORK:
    case PerfRecord.EXIT: {
      const { pid, tid, parentPid, parentTid } = readFork(body, misc);
      return `(${pid}:${tid}):(${parentPid}:${parentTid})\n`;
    }
    case PerfRecord.LOST: {
      const id = body.u64big();
      return `: id:${id}: lost:${body.u64big()}\n`;
    }
    case PerfRecord.LOST_SAMPLES:
      return `: id:${trailerId(reader)}: lost samples :${readLost(body, type)}\n`;
    case PerfRecord.READ:
      return readText(reader);
    case PerfRecord.AUX: {
      const { offset, size, flags } = readAux(body);
      const letters =
        ((flags & AuxFlag.TRUNCATED) !== 0 ? 'T' : '') +
        ((flags & AuxFlag.OVERWRITE) !== 0 ? 'O' : '') +
        ((flags & AuxFlag.PARTIAL) !== 0 ? 'P' : '');
      return ` offset: ${hex(offset)} size: ${hex(size)} flags: ${hex(flags)} [${letters}]\n`;
    }
    case PerfRecord.ITRACE_START: {
      const { pid, tid } = readItraceStart(body);
      return ` pid: ${pid >>> 0} tid: ${tid >>> 0}\n`;
    }
    case PerfRecord.AUX_OUTPUT_HW_ID:
      return ` hw_id: 0x${readAuxOutputHwId(body).toString(16)}\n`;
    case PerfRecord.SWITCH:
    case PerfRecord.SWITCH_CPU_WIDE: {
      const { out, preempted, otherPid, otherTid } = readSwitch(body, type, misc);
      const way = !out ? 'IN         ' : preempted ? 'OUT preempt' : 'OUT        ';
      if (type === PerfRecord.SWITCH) return ` ${way}\n`;
      const ids = `${`${otherPid}`.padStart(5)}/${`${otherTid}`.padEnd(5)}`;
      return ` ${way}  ${out ? 'next' : 'prev'} pid/tid: ${ids}\n`;
    }
    case PerfRecord.NAMESPACES:
      return namespacesText(reader);
    case PerfRecord.CGROUP: {
      const { id, path } = readCgroup(body);
      return ` cgroup: ${id} ${safe(path)}\n`;
    }
    case PerfRecord.KSYMBOL: {
      const { address, size, type: kind, unregistered, name } = readKsymbol(body);
      const flags = Number(unregistered).toString(16);
      return ` addr ${formatAddress(address)} len ${size} type ${kind} flags 0x${flags} name ${safe(name)}\n`;
    }
    case PerfRecord.BPF_EVENT: {
      const { type: kind, flags, id } = readBpfEvent(body);
      return ` type ${kind}, flags ${flags}, id ${id}\n`;
    }
    case PerfRecord.TEXT_POKE: {
      const { address, before, after } = readTextPoke(body);
      const bytes = (label: string, some: Uint8Array): string =>
        some.length === 0 ? '' : `            ${label} bytes: ${spaced(some)}\n`;
      const sizes = `old len ${before.length} new len ${after.length}`;
      return ` ${formatAddress(address)} ${sizes}\n${bytes('old', before)}${bytes('new', after)}`;
    }
    default:
      return toolRecordText(type, body);
  }
}

/** The event's ID in the `sample_id`; where there is none, perf shows a u64 of ones. */
function trailerId({ bytes, at, size, events }: RecordReader): bigint {
  const { idFromEnd, littleEndian } = events;
  if (idFromEnd < 0 || idFromEnd > size) return 0xffffffffffffffffn;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at + size - idFromEnd, 8);
  return view.getBigUint64(0, littleEndian);
}

function mmapText(reader: RecordReader): string {
  const { type, misc } = reader;
  const body = reader.body();
  const { pid, tid, start, length, pgoff, path, buildId, inode, prot, flags } = readMmap(
    body,
    type,
    misc,
  );
  const range = `${pid}/${tid}: [${hex(start)}(${hex(length)}) @ ${hex(pgoff)}`;
  if (type === PerfRecord.MMAP) {
    return ` ${range}]: ${(misc & PerfMisc.MMAP_DATA) !== 0 ? 'r' : 'x'} ${safe(path)}\n`;
  }
  const letter = (bit: number, text: string): string => ((prot & bit) !== 0 ? text : '-');
  const rights =
    letter(1, 'r') + letter(2, 'w') + letter(4, 'x') + ((flags & MAP_SHARED) !== 0 ? 's' : 'p');
  const file = buildId !== undefined ? `<${buildId}>` : deviceText(inode ?? '');
  return ` ${range} ${file}]: ${rights} ${safe(path)}\n`;
}

/** `254:0 247849 0` as `fe:00 247849 0`. */
function deviceText(inode: string): string {
  return inode.replace(/^(\d+):(\d+)/, (_, major: string, minor: string) =>
    [major, minor].map((part) => Number(part).toString(16).padStart(2, '0')).join(':'),
  );
}

function readText(reader: RecordReader): string {
  const event = reader.events.events[Math.max(0, reader.event)];
  const format = event.attr.read_format;
  const record = readRead(reader.body(), format);
  const { pid, tid, value, timeEnabled, timeRunning, id, lost } = record;
  const line = (bit: number, label: string, field: number): string =>
    (format & bit) === 0 ? '' : `... ${label} : ${field}\n`;
  return (
    `: ${pid} ${tid} ${safe(event.name)} ${value}\n` +
    line(PerfFormat.TOTAL_TIME_ENABLED, 'time enabled', timeEnabled) +
    line(PerfFormat.TOTAL_TIME_RUNNING, 'time running', timeRunning) +
    line(PerfFormat.ID, 'id          ', id) +
    line(PerfFormat.LOST, 'lost        ', lost) +
    ': unhandled!\n'
  );
}

/** Four to a line. */
function namespacesText(reader: RecordReader): string {
  const { pid, tid, namespaces } = readNamespaces(reader.body());
  const entries = namespaces.map(({ device, inode }, i) => {
    const name = NAMESPACE_NAMES[i] ?? 'UNKNOWN';
    const wrap = i > 0 && i % 4 === 0 ? '\n\t\t ' : '';
    return `${wrap}${i}/${name}: ${device}/0x${inode.toString(16)}`;
  });
  return ` ${pid}/${tid} - nr_namespaces: ${namespaces.length}\n\t\t[${entries.join(', ')}]\n`;
}

function spaced(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** C's `%#lx`, which leaves 0 without prefix. */
function hex(value: Address): string {
  return value === 0 ? '0' : `0x${formatAddress(value)}`;
}
