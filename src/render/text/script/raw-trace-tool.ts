/** What the records say that perf itself writes, from type 64 up. */
import type { Cursor } from '../../../base/cursor.js';
import { PerfRecord } from '../../../formats/perfdata/spec.js';
import {
  readAuxTrace,
  readAuxTraceInfo,
  readCpuMap,
  readEventUpdate,
  readIdIndex,
  readStat,
  readStatConfig,
  readStatRound,
  readThreadMap,
  readTimeConversion,
} from '../../../formats/perfdata/tool-records.js';
import { safe } from '../text.js';

/** perf's stub for what a tool has no use for. */
const UNHANDLED = ': unhandled!\n';

/** @throws FormatError where the record is too short */
export function toolRecordText(type: number, body: Cursor): string {
  switch (type) {
    case PerfRecord.FINISHED_ROUND:
      return '\n';
    case PerfRecord.ID_INDEX: {
      const lines = readIdIndex(body).map(({ id, index, cpu, tid, machinePid, vcpu }) => {
        const guest = machinePid > 0 ? `  machine_pid: ${machinePid}  vcpu: ${vcpu}` : '';
        return ` ... id: ${id}  idx: ${index}  cpu: ${cpu}  tid: ${tid}${guest}\n`;
      });
      return ` nr: ${lines.length}\n${lines.join('')}`;
    }
    case PerfRecord.THREAD_MAP: {
      const tids = readThreadMap(body).map(({ tid }) => tid);
      return ` nr: ${tids.length} thread${tids.length > 1 ? 's' : ''}: ${tids.join(', ')}\n`;
    }
    case PerfRecord.CPU_MAP:
      return `: ${ranges(readCpuMap(body))}\n`;
    case PerfRecord.EVENT_UPDATE:
      return eventUpdateText(body);
    case PerfRecord.STAT_CONFIG: {
      const terms = readStatConfig(body);
      const term = (key: number): number => terms.get(key) ?? 0;
      return `\n... aggr_mode ${term(0)}\n... scale     ${term(2)}\n... interval  ${term(1)}\n`;
    }
    case PerfRecord.STAT: {
      const { id, cpu, thread, value, timeEnabled, timeRunning } = readStat(body);
      const times = `enabled ${timeEnabled}, running ${timeRunning}`;
      return `\n... id ${id}, cpu ${cpu}, thread ${thread}\n... value ${value}, ${times}\n`;
    }
    case PerfRecord.STAT_ROUND: {
      const { final, time } = readStatRound(body);
      return `\n... time ${time}, type ${final ? 'FINAL' : 'INTERVAL'}\n`;
    }
    case PerfRecord.TIME_CONV: {
      const { shift, multiplier, zero, cycles, mask } = readTimeConversion(body);
      return (
        `\n... Time Shift      ${shift}\n... Time Muliplier  ${multiplier}\n` +
        `... Time Zero       ${zero}\n... Time Cycles     ${cycles}\n` +
        `... Time Mask       0x${mask.toString(16)}\n`
      );
    }
    case PerfRecord.AUXTRACE_INFO:
      return ` type: ${readAuxTraceInfo(body).type}\n`;
    case PerfRecord.AUXTRACE: {
      const { size, offset, reference, index, tid, cpu } = readAuxTrace(body);
      const places = `size: ${hex(size)}  offset: ${hex(offset)}  ref: ${hex(reference)}`;
      return ` ${places}  idx: ${index}  tid: ${tid}  cpu: ${cpu}\n`;
    }
    case PerfRecord.HEADER_ATTR:
    case PerfRecord.HEADER_FEATURE:
    case PerfRecord.HEADER_TRACING_DATA:
    case PerfRecord.HEADER_BUILD_ID:
    case PerfRecord.THROTTLE:
    case PerfRecord.UNTHROTTLE:
      // perf reads them and says nothing; its next line ends this one.
      return '';
    default:
      return UNHANDLED;
  }
}

function eventUpdateText(body: Cursor): string {
  const update = readEventUpdate(body);
  const id = `\n... id:    ${update.id}\n`;
  switch (update.kind) {
    case 'unit':
      return `${id}... unit:  ${safe(update.unit)}\n`;
    case 'scale':
      return `${id}... scale: ${update.scale.toFixed(6)}\n`;
    case 'name':
      return `${id}... name:  ${safe(update.name)}\n`;
    case 'cpus':
      return `${id}... ${ranges(update.cpus)}\n`;
    case 'unknown':
      return `${id}... unknown type\n`;
  }
}

/** Rising numbers as `0-3,8`. */
function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length;) {
    let last = i;
    while (last + 1 < numbers.length && numbers[last + 1] === numbers[last] + 1) last++;
    parts.push(last === i ? `${numbers[i]}` : `${numbers[i]}-${numbers[last]}`);
    i = last + 1;
  }
  return parts.join(',');
}

/** C's `%#lx`, which leaves 0 without prefix. */
function hex(value: number | bigint): string {
  return value === 0 || value === 0n ? '0' : `0x${value.toString(16)}`;
}
