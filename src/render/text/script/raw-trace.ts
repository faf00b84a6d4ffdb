/**
 * `perf script -D`: each record's bytes and what they mean (tools/perf/util/session.c, `dump_event`;
 * layout of perf 6.1).
 *
 *   <empty>
 *   0x218@perf.data [0x28]: event: 3
 *   .
 *   . ... raw event: size 40 bytes
 *   .  0000:  03 00 00 00 00 20 28 00 69 42 00 00 69 42 00 00  ..... (.iB..iB..
 *   <empty>
 *   12449102533975 0x218 [0x28]: PERF_RECORD_COMM exec: true:17001/17001
 *
 * perf prints the kernel's records in the order of time, and its own, which have none, when it reads them.
 *
 * Where it differs from perf: records that were compressed have offsets in what was uncompressed; a
 * record that cannot be decoded says why; control characters of names become `\x1b`; counts of `perf stat
 * record` are printed, as `perf report -D` does; what perf says of threads and mappings below a sample,
 * and the sample's own lines, are left to the caller.
 */
import { FormatError } from '../../../base/errors.js';
import type { PerfDataFile } from '../../../formats/perfdata/reader.js';
import type { RecordReader } from '../../../formats/perfdata/records.js';
import { SampleView } from '../../../formats/perfdata/sample.js';
import {
  PerfRecord,
  PerfSample,
  PIPE_HEADER_SIZE,
  PERF_RECORD_USER_TYPE_START,
} from '../../../formats/perfdata/spec.js';
import { safe, type Sink } from '../text.js';
import { TraceOrder } from './raw-trace-order.js';
import { recordText } from './raw-trace-records.js';
import { sampleText } from './raw-trace-sample.js';

const BYTES_PER_LINE = 16;

/**
 * Writes every record of a recording.
 * @param name the file's, as the lines give it
 * @param each called behind each record's text, with the reader at it: what is written there follows it
 */
export function writeRawTrace(
  file: PerfDataFile,
  name: string,
  sink: Sink,
  each?: (reader: RecordReader) => void,
): void {
  const reader = file.records();
  const trace = new RawTrace(file, name, sink);
  new TraceOrder(reader).forEach(() => {
    trace.record(reader);
    each?.(reader);
  });
}

/** Writes records that the caller gives, one by one. */
export class RawTrace {
  private readonly view = new SampleView();
  /** perf decides by all events together what stands before a record. */
  private readonly hasCpu: boolean;
  private readonly hasTime: boolean;
  private readonly hasIds: boolean;
  private readonly name: string;
  /** Whether an event is known, which in pipe mode comes with a record. */
  private hasEvent: boolean;

  constructor(
    private readonly file: PerfDataFile,
    name: string,
    private readonly sink: Sink,
  ) {
    const { events } = file.events;
    const all = events.reduce((bits, { attr }) => bits | attr.sample_type, 0);
    this.hasCpu = (all & PerfSample.CPU) !== 0;
    this.hasTime = (all & PerfSample.TIME) !== 0;
    this.hasIds = events[0]?.attr.flags.sample_id_all === true;
    this.name = file.header.isPipe ? 'pipe' : safe(name);
    this.hasEvent = !file.header.isPipe;
  }

  /** Writes the record that the reader is at. */
  record(reader: RecordReader): void {
    const { type, size } = reader;
    const place = hex(reader.offset - (this.file.header.isPipe ? PIPE_HEADER_SIZE : 0));
    const bytes = reader.bytes.subarray(reader.at, reader.at + size);
    this.sink(`\n${place}@${this.name} [${hex(size)}]: event: ${type}\n${hexDump(bytes)}\n`);
    const label = RECORD_NAMES.get(type) ?? 'UNKNOWN';
    const stamp = this.stamp(reader);
    this.sink(`${stamp}${place} [${hex(size)}]: PERF_RECORD_${label}${this.decoded(reader)}`);
    if (type === PerfRecord.HEADER_ATTR) this.hasEvent = true;
  }

  /** `CPU TIME `, of records that carry them. */
  private stamp(reader: RecordReader): string {
    const { type } = reader;
    const isSample = type === PerfRecord.SAMPLE;
    if (!isSample && !(this.hasIds && this.hasEvent)) return '-1 -1 ';
    const isUser = type >= PERF_RECORD_USER_TYPE_START;
    const cpu = isUser ? 0 : isSample && reader.sample(this.view) ? this.view.cpu : reader.cpu;
    return (this.hasCpu ? `${cpu >>> 0} ` : '') + (this.hasTime ? `${reader.time} ` : '');
  }

  private decoded(reader: RecordReader): string {
    try {
      if (reader.type !== PerfRecord.SAMPLE) return recordText(reader);
      return reader.sample(this.view)
        ? sampleText(this.view, this.file)
        : `: ${reader.event < 0 ? 'of no known event' : 'cut'}\n`;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return `: ${error.message}\n`;
    }
  }
}

/** perf's names, which lack `HEADER_`. */
const RECORD_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PerfRecord).map(([name, type]) => [type, name.replace(/^HEADER_/, '')]),
);

/** C's `%#x`, which leaves 0 without prefix. */
function hex(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`;
}

/** ` 2a` and `*` of each byte. */
const DIGITS = Array.from({ length: 256 }, (_, byte) => ` ${byte.toString(16).padStart(2, '0')}`);
const CHARACTERS = Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.',
);

function hexDump(bytes: Uint8Array): string {
  let text = `.\n. ... raw event: size ${bytes.length} bytes\n`;
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const line = bytes.subarray(at, at + BYTES_PER_LINE);
    let digits = '';
    let characters = '';
    for (const byte of line) {
      digits += DIGITS[byte];
      characters += CHARACTERS[byte];
    }
    const address = at.toString(16).padStart(4, '0');
    text += `.  ${address}: ${digits.padEnd(3 * BYTES_PER_LINE)}  ${characters.padEnd(BYTES_PER_LINE)}\n`;
  }
  return text;
}
