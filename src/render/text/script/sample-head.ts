/**
 * What stands before a sample's addresses: thread, CPU, time, period and event
 * (tools/perf/builtin-script.c, `perf_sample__fprintf_start`).
 */
import type { Nanoseconds } from '../../../base/units.js';
import { PerfMisc, PerfRecord } from '../../../formats/perfdata/spec.js';
import { safe } from '../text.js';
import type { ByteWriter } from './byte-writer.js';
import type { FieldSet } from './fields.js';
import type { Layout } from './layout.js';

const NS_PER_SECOND = 1e9;
const NS_PER_MICROSECOND = 1e3;
const SPACE = 0x20;
const POINT = 0x2e;
const OPEN = 0x5b;
const TIME_END = Buffer.from(': ');
const CPU_END = Buffer.from('] ');

/** How times are printed. */
export interface TimeForm {
  /** Nine decimals instead of six. */
  readonly nanoseconds: boolean;
  /** From the clock's own beginning, from the first line, or from the line before. */
  readonly from: 'clock' | 'first' | 'previous';
}

/** Prints times one after another, of all events. */
export class Times {
  private reference: Nanoseconds | undefined;

  constructor(private readonly form: TimeForm) {}

  /** `12345.678901: `. */
  write(out: ByteWriter, time: Nanoseconds): void {
    const { nanoseconds, from } = this.form;
    let value = time;
    if (from !== 'clock') {
      value = Math.max(0, time - (this.reference ?? time));
      if (from === 'previous') this.reference = time;
      else this.reference ??= time;
    }
    const seconds = Math.floor(value / NS_PER_SECOND);
    const rest = value - seconds * NS_PER_SECOND;
    out.decimal(seconds, 5);
    out.byte(POINT);
    if (nanoseconds) out.zeroPadded(rest, 9);
    else out.zeroPadded(Math.floor(rest / NS_PER_MICROSECOND), 6);
    out.bytes(TIME_END);
  }
}

/** Wall-clock time of a recording's clock, where the recording tells. */
export interface WallClock {
  /** Nanoseconds of the recording's clock at {@link wallClock}. */
  readonly time: Nanoseconds;
  /** Nanoseconds since 1970. */
  readonly wallClock: Nanoseconds;
}

/** What of a sample or another record the head is made from. */
export interface HeadSource {
  readonly pid: number;
  readonly tid: number;
  readonly cpu: number;
  readonly misc: number;
  readonly time: Nanoseconds;
}

interface ThreadText {
  readonly pid: number;
  readonly comm: string;
  readonly text: Uint8Array;
}

export class SampleHead {
  /** What was printed of a thread last. */
  private readonly threads = new Map<number, ThreadText>();

  /**
   * @param alignsComm whether names fill 16 columns: where a chain follows they do not
   * @param times shared by all events
   */
  constructor(
    private readonly fields: FieldSet,
    private readonly alignsComm: boolean,
    private readonly layout: Layout,
    private readonly times: Times,
    private readonly form: TimeForm,
    private readonly wallClock: WallClock | undefined,
  ) {}

  write(out: ByteWriter, source: HeadSource, comm: string, type: number): void {
    const { fields } = this;
    out.bytes(this.thread(source, comm));
    if (fields.has('cpu')) {
      out.byte(OPEN);
      if (source.cpu < 0) out.text('-01');
      else out.zeroPadded(source.cpu, 3);
      out.bytes(CPU_END);
    }
    if (fields.has('misc')) out.text(miscLetters(source.misc, type).padEnd(6));
    if (fields.has('tod')) out.text(`${this.timeOfDay(source.time)} `);
    if (fields.has('time')) this.times.write(out, source.time);
  }

  private thread({ pid, tid }: HeadSource, comm: string): Uint8Array {
    const known = this.threads.get(tid);
    if (known?.comm === comm && known.pid === pid) return known.text;
    const { fields, layout } = this;
    let text = '';
    if (fields.has('comm')) {
      const name = safe(comm);
      const missing = this.alignsComm ? 16 - Buffer.byteLength(name) : 0;
      text += `${' '.repeat(Math.max(0, missing))}${name} `;
    }
    const width = layout.idWidth;
    if (fields.has('pid') && fields.has('tid')) {
      text += `${`${pid}`.padStart(width)}/${`${tid}`.padEnd(width)} `;
    } else if (fields.has('pid') || fields.has('tid')) {
      text += `${`${fields.has('pid') ? pid : tid}`.padStart(width)} `;
    }
    const bytes = Buffer.from(text, 'utf8');
    this.threads.set(tid, { pid, comm, text: bytes });
    return bytes;
  }

  /** `2026-11-21 18:45:55.905950`, in this machine's time zone. */
  private timeOfDay(time: Nanoseconds): string {
    const { wallClock, form } = this;
    if (wallClock === undefined) return 'disabled';
    const now = wallClock.wallClock + (time - wallClock.time);
    const seconds = Math.floor(now / NS_PER_SECOND);
    const rest = now - seconds * NS_PER_SECOND;
    const date = new Date(seconds * 1000);
    const two = (value: number): string => `${value}`.padStart(2, '0');
    const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
    const hour = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
    const decimals = form.nanoseconds
      ? `${rest}`.padStart(9, '0')
      : `${Math.floor(rest / NS_PER_MICROSECOND)}`.padStart(6, '0');
    return `${day} ${hour}.${decimals}`;
  }
}

/** `K`, `U`, …, and letters of the record's own. Modes are numbers, which perf tests as if bits. */
function miscLetters(misc: number, type: number): string {
  const has = (mode: number): boolean => (misc & mode) === mode;
  let letters =
    (has(PerfMisc.KERNEL) ? 'K' : '') +
    (has(PerfMisc.USER) ? 'U' : '') +
    (has(PerfMisc.HYPERVISOR) ? 'H' : '') +
    (has(PerfMisc.GUEST_KERNEL) ? 'G' : '') +
    (has(PerfMisc.GUEST_USER) ? 'g' : '');
  const isMap = type === PerfRecord.MMAP || type === PerfRecord.MMAP2;
  if (isMap && has(PerfMisc.MMAP_DATA)) letters += 'M';
  if (type === PerfRecord.COMM && has(PerfMisc.COMM_EXEC)) letters += 'E';
  const isSwitch = type === PerfRecord.SWITCH || type === PerfRecord.SWITCH_CPU_WIDE;
  if (isSwitch && has(PerfMisc.SWITCH_OUT)) {
    letters += has(PerfMisc.SWITCH_OUT_PREEMPT) ? 'Sp' : 'S';
  }
  return letters === '' ? ' ' : letters;
}

/** The event's name, to the width of the recording's longest: `cycles: `. */
export function eventText(name: string, width: number): Uint8Array {
  return Buffer.from(`${safe(name).padStart(width)}: `, 'utf8');
}

/** The period's columns. */
export function writePeriod(out: ByteWriter, period: number): void {
  out.decimal(period, 10);
  out.byte(SPACE);
}
