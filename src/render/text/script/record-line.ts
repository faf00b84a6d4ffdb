/** A line for a record that is no sample, as the flags `--show-…-events` print it. */
import type { RecordReader } from '../../../formats/perfdata/records.js';
import { readLost } from '../../../formats/perfdata/sideband.js';
import { PerfRecord, recordName } from '../../../formats/perfdata/spec.js';
import { recordText } from './raw-trace-records.js';

export interface RecordLine {
  /** The thread that it tells of. */
  readonly pid: number;
  readonly tid: number;
  /** With its end. */
  readonly text: string;
}

/**
 * The reader's current record in words: `PERF_RECORD_COMM exec: python3:12/12`.
 * @throws FormatError where the record is too short
 */
export function recordLine(reader: RecordReader): RecordLine {
  const { type } = reader;
  const label = `PERF_RECORD_${recordName(type)}`;
  const body = reader.body();
  switch (type) {
    case PerfRecord.MMAP:
    case PerfRecord.MMAP2:
    case PerfRecord.COMM:
    case PerfRecord.NAMESPACES:
      return { pid: body.i32(), tid: body.i32(), text: label + recordText(reader) };
    case PerfRecord.FORK:
    case PerfRecord.EXIT: {
      const pid = body.i32();
      body.skip(4); // the parent's
      return { pid, tid: body.i32(), text: label + recordText(reader) };
    }
    case PerfRecord.LOST:
      // A dump says more of it.
      return {
        pid: reader.pid,
        tid: reader.tid,
        text: `${label} lost ${readLost(body, type)}\n`,
      };
    default:
      return { pid: reader.pid, tid: reader.tid, text: label + recordText(reader) };
  }
}
