/**
 * What perf keeps of the kernel's tracepoints, so that their records can be read on another machine:
 * the `HEADER_TRACING_DATA` section of perf.data, or the bytes after a record of that name in a pipe.
 * Written by tools/perf/util/trace-event-info.c, after trace-cmd's trace.dat:
 *
 *   17 08 44 "tracing"           magic
 *   "0.6\0"                      version
 *   u8 big-endian?, u8 sizeof(long), u32 page size
 *   "header_page\0",  u64 size, text      the layout of ftrace's ring buffer
 *   "header_event\0", u64 size, text
 *   u32 count, { u64 size, format }       ftrace's own entries
 *   u32 systems, { name\0, u32 count, { u64 size, format } }
 *   u32 size, text               /proc/kallsyms: empty since Linux 4.2
 *   u32 size, text               printk_formats
 *   u64 size, text               saved_cmdlines, from version 0.6
 */
import { Cursor } from '../../base/cursor.js';
import { latin1, type TracedMachine } from './fields.js';
import type { FunctionAt } from './print.js';
import { formatHead, parseTraceEvent, type TraceEvent } from './trace-event.js';

const FORMAT = 'tracing data';
const MAGIC = '\x17\x08\x44tracing';

interface EventText {
  readonly system: string;
  readonly bytes: Uint8Array;
}

export class TracingData implements TracedMachine {
  private readonly parsed = new Map<number, TraceEvent | undefined>();
  private strings: ReadonlyMap<bigint, string> | undefined;

  constructor(
    /** `0.6`. */
    readonly version: string,
    readonly littleEndian: boolean,
    /** Of the recorded machine, in bytes. */
    readonly longSize: number,
    readonly pageSize: number,
    private readonly texts: ReadonlyMap<number, EventText>,
    /** `/sys/kernel/tracing/printk_formats`: `0xffffffff81e11111 : "text"` lines, one character per byte. */
    private readonly printkFormats: string,
    /** `PID COMM` lines. */
    readonly savedCmdlines: string,
  ) {}

  /** IDs of the tracepoints that are described. */
  get ids(): Iterable<number> {
    return this.texts.keys();
  }

  /**
   * The tracepoint of an ID, which is the `config` of its perf event and the `common_type` of its
   * records; parsed when first asked for. `undefined` where it is not described, or not as a kernel does.
   */
  event(id: number): TraceEvent | undefined {
    const text = this.texts.get(id);
    if (text === undefined) return undefined;
    if (!this.parsed.has(id)) {
      this.parsed.set(id, parseTraceEvent(text.system, latin1(text.bytes), this));
    }
    return this.parsed.get(id);
  }

  stringAt(address: bigint): string | undefined {
    this.strings ??= parsePrintkFormats(this.printkFormats);
    return this.strings.get(address);
  }

  /**
   * A sample's raw data as text, by the ID that it begins with; `[UNKNOWN EVENT]`, as perf says, where
   * no such tracepoint is described.
   */
  format(raw: Uint8Array, functionAt?: FunctionAt): string {
    // common_type is the first u16 of every record since tracepoints exist.
    const id =
      raw.length < 2 ? -1 : this.littleEndian ? raw[0] | (raw[1] << 8) : (raw[0] << 8) | raw[1];
    return this.event(id)?.format(raw, functionAt) ?? '[UNKNOWN EVENT]';
  }
}

/**
 * Reads the section or the record's payload; formats are parsed when asked for.
 * @throws FormatError where the bytes are no tracing data, or end early
 */
export function parseTracingData(bytes: Uint8Array): TracingData {
  const start = new Cursor(bytes, FORMAT);
  start.structure = 'magic';
  const magic = latin1(start.take(MAGIC.length));
  if (magic !== MAGIC) throw start.fault('17 08 44 "tracing"', 'something else', MAGIC.length);
  start.structure = 'version';
  const version = start.cstring();
  const littleEndian = start.u8() === 0;
  const cursor = new Cursor(bytes, FORMAT, littleEndian, 0, start.position);
  cursor.structure = 'layout';
  const longSize = cursor.u8();
  if (longSize !== 4 && longSize !== 8)
    throw cursor.fault('longs of 4 or 8 bytes', `${longSize}`, 1);
  const pageSize = cursor.u32();
  for (const name of ['header_page', 'header_event']) {
    cursor.structure = name;
    const found = cursor.cstring();
    if (found !== name) throw cursor.fault(name, 'something else', found.length + 1);
    cursor.skip(cursor.u64());
  }
  const texts = readFormats(cursor);
  cursor.structure = 'kallsyms';
  cursor.skip(cursor.u32());
  cursor.structure = 'printk formats';
  const printk = latin1(cursor.take(cursor.u32()));
  cursor.structure = 'saved cmdlines';
  // Recorders of version 0.5 end here.
  const cmdlines = cursor.remaining >= 8 ? latin1(cursor.take(cursor.u64())) : '';
  return new TracingData(version, littleEndian, longSize, pageSize, texts, printk, cmdlines);
}

function readFormats(cursor: Cursor): Map<number, EventText> {
  const texts = new Map<number, EventText>();
  cursor.structure = 'ftrace formats';
  readSystem(cursor, 'ftrace', texts);
  cursor.structure = 'event systems';
  const systems = cursor.u32();
  for (let i = 0; i < systems; i++) readSystem(cursor, cursor.cstring(), texts);
  return texts;
}

/** The formats of one system; each takes bytes, so that the count needs no check of its own. */
function readSystem(cursor: Cursor, system: string, texts: Map<number, EventText>): void {
  const count = cursor.u32();
  for (let i = 0; i < count; i++) {
    const bytes = cursor.take(cursor.u64());
    const head = formatHead(latin1(bytes.subarray(0, 512)));
    if (head !== undefined) texts.set(head.id, { system, bytes });
  }
}

/** Without quotes and a line break at the end, as `tep_register_print_string` keeps them. */
function parsePrintkFormats(text: string): Map<bigint, string> {
  const strings = new Map<bigint, string>();
  for (const [, address, quoted] of text.matchAll(/^(?:0x)?([0-9a-f]{1,16}) *: ?(.*)$/gm)) {
    const string = quoted.replace(/^"/, '').replace(/"$/, '').replace(/\\n$/, '');
    strings.set(BigInt(`0x${address}`), string);
  }
  return strings;
}
