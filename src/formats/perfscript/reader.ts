/**
 * The text that `perf script` prints: what people paste into bug reports and feed to other tools. There
 * is no specification but perf's source (tools/perf/builtin-script.c); it is read as every version from
 * 3.x on writes it.
 *
 *     # hostname : build7                                        with --header
 *     python3 31646 [001]  4786.201921:     100010 cpu-clock:    a sample (./head.ts)
 *     ⇥ffffffff8160f306 __mmap_region+0xaf6 ([kernel.kallsyms])  its stack, innermost first (./frame.ts)
 *     ⇥           20ca3 mmap64+0x13 (/usr/lib/ld.so)
 *
 * or, without call chains, each sample on one line. Lines of a stack repeat from sample to sample, so
 * each distinct one is parsed once: the cost of the others is that of finding them again.
 */
import { decodeUtf8 } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import type { Bytes, Nanoseconds } from '../../base/units.js';
import { parseFrame, parseSourceLine, type ScriptFrame, type ScriptSourceLine } from './frame.js';
import { HeadKind, HeadReader } from './head.js';
import { hashOf, LineReader } from './lines.js';
import { findOwnFrame } from './own-frame.js';
import { InternedTexts } from './texts.js';

const FORMAT = 'perf script text';
/** A call chain of the kernel's has 127 entries, one that perf unwound 1,024 at most; inlined ones come on top. */
const MAX_FRAMES = 8192;
/** All distinct lines of stacks together. */
const MAX_TEXT: Bytes = 2 ** 30;
/** Of a text that is none, in the error. */
const MAX_SHOWN = 60;

/** A sample as it is written; its fields change with {@link ScriptReader.next}. */
export class ScriptSample {
  /** Row of {@link ScriptReader.comms}. */
  comm = 0;
  /** -1 where the text does not say: by default perf prints the thread's ID alone. */
  pid = -1;
  tid = -1;
  /** -1 where the text does not say. */
  cpu = -1;
  /** NaN where the text does not say. */
  time: Nanoseconds = NaN;
  /** NaN where the text does not say. */
  period = NaN;
  /** Row of {@link ScriptReader.events}; the name is empty where the text does not say. */
  event = 0;
  /** How many frames there are. */
  length = 0;
  /** Whether there were more, further out. */
  isCut = false;
  /** The first `length`, innermost first: what {@link ScriptReader.frame} takes. */
  readonly frames = new Int32Array(MAX_FRAMES);
  /** Of each frame what {@link ScriptReader.sourceLine} takes, or -1. */
  readonly sourceLines = new Int32Array(MAX_FRAMES);
}

/** Reads sample after sample. Memory grows with the number of distinct lines of stacks alone. */
export class ScriptReader {
  readonly comms = new InternedTexts();
  readonly events = new InternedTexts();
  readonly sample = new ScriptSample();

  /** Lines that belong to no sample, and are no comments either. */
  notUnderstood = 0;
  /** `PERF_RECORD_…` lines: processes, mappings and the like. */
  records = 0;
  /** What `--header` tells; empty where it does not. */
  hostname = '';
  commandLine = '';

  private readonly lines: LineReader;
  private readonly head = new HeadReader();
  /** Distinct lines of stacks, by row, and what each says. */
  private readonly texts = new InternedTexts();
  private readonly parsed: (ScriptFrame | ScriptSourceLine)[] = [];

  /** Whether the line that was read last opens a sample. */
  private isAtHead = false;
  /** Whether a sample has begun. */
  private isOpen = false;
  /** Whether a line more likely opens a sample than belongs to the one before. */
  private expectsHead = true;
  /** The frame on the sample's own line, or -1. */
  private ownFrame = -1;
  private firstLine: string | undefined;

  constructor(source: ByteSource) {
    this.lines = new LineReader(source);
  }

  /** Lines too long to be read. */
  get overlong(): number {
    return this.lines.overlong;
  }

  /** Distinct lines of stacks: frames and source lines are numbered below it. */
  get lineCount(): number {
    return this.parsed.length;
  }

  /** What a line says, where it is a frame. @param row of {@link ScriptSample.frames} */
  frame(row: number): ScriptFrame | undefined {
    const line = this.parsed[row] as ScriptFrame | ScriptSourceLine | undefined;
    return line !== undefined && 'address' in line ? line : undefined;
  }

  /** What a line says, where it is a source line. @param row of {@link ScriptSample.sourceLines} */
  sourceLine(row: number): ScriptSourceLine | undefined {
    const line = this.parsed[row] as ScriptFrame | ScriptSourceLine | undefined;
    return line !== undefined && 'line' in line ? line : undefined;
  }

  /**
   * Moves to the next sample; false at the end.
   * @throws FormatError where the distinct lines are more than memory should hold
   */
  next(): boolean {
    const { sample } = this;
    for (;;) {
      if (!this.isAtHead && !this.readLines()) return false;
      this.open();
      this.readLines();
      if (sample.length === 0 && this.ownFrame >= 0) this.append(this.ownFrame);
      // Prose has numbers and colons, too; with a time, or with a stack, it is a sample.
      if (sample.length > 0 || !Number.isNaN(sample.time)) return true;
      this.notUnderstood++;
    }
  }

  /** The error for a text that holds no sample. */
  nothingFound(): FormatError {
    return new FormatError({
      format: FORMAT,
      structure: 'sample',
      offset: 0,
      expected: 'lines such as python3 1234 [000] 12.345678: 1000 cycles:',
      found: this.firstLine ?? 'no text',
    });
  }

  /** Reads lines of the sample's stack up to the next sample's head; false where the text ends before. */
  private readLines(): boolean {
    const { lines, texts } = this;
    this.isAtHead = false;
    while (lines.next(!this.expectsHead)) {
      const { bytes, start, end } = lines;
      if (start === end) {
        this.expectsHead = true;
        continue;
      }
      if (!this.expectsHead) {
        const row = texts.find(bytes, start, end, lines.hash);
        if (row >= 0) {
          this.append(row);
          continue;
        }
      }
      if (this.readNew(bytes, start, end)) {
        this.isAtHead = true;
        return true;
      }
    }
    return false;
  }

  /** Reads a line that was not seen before, or stands where a head is expected; true of a head. */
  private readNew(bytes: Uint8Array, start: number, end: number): boolean {
    const kind = this.head.read(bytes, start, end);
    if (kind === HeadKind.Record) {
      this.records++;
      this.expectsHead = true;
      return false;
    }
    const isSure = kind === HeadKind.Sample && !Number.isNaN(this.head.time);
    if (isSure || (this.expectsHead && kind !== HeadKind.None)) return true;
    const hash = hashOf(bytes, start, end);
    let row = this.texts.find(bytes, start, end, hash);
    if (row < 0) row = this.addLine(bytes, start, end, hash);
    if (row >= 0) this.append(row);
    else if (kind === HeadKind.Sample) return true;
    else this.readOther(textOf(bytes, start, end));
    return false;
  }

  /** Takes over what the head says of a new sample. */
  private open(): void {
    const { sample, head } = this;
    const { bytes, end } = this.lines;
    sample.comm = this.comms.intern(bytes, head.commStart, head.commEnd);
    sample.event = this.events.intern(bytes, head.eventStart, head.eventEnd);
    sample.pid = head.pid;
    sample.tid = head.tid;
    sample.cpu = head.cpu;
    sample.time = head.time;
    sample.period = head.period;
    sample.length = 0;
    sample.isCut = false;
    this.isOpen = true;
    this.ownFrame = head.restStart < end ? this.readOwnFrame(bytes, head.restStart, end) : -1;
    this.expectsHead = this.ownFrame >= 0;
  }

  /** The row of the frame on the sample's own line; -1 where there is none. */
  private readOwnFrame(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    const row = this.texts.find(bytes, start, end, hash);
    if (row >= 0) return row;
    // One character per byte, so that places are the same.
    const place = findOwnFrame(latin1(bytes, start, end));
    if (place === undefined) return -1;
    const from = start + place.start;
    const to = start + place.end;
    const frameHash = hashOf(bytes, from, to);
    const known = this.texts.find(bytes, from, to, frameHash);
    return known >= 0 ? known : this.addLine(bytes, from, to, frameHash);
  }

  /** Takes in a distinct line of a stack; -1 where it is none. */
  private addLine(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const text = textOf(bytes, start, end);
    const parsed = parseFrame(text) ?? parseSourceLine(text);
    if (parsed === undefined) return -1;
    if (this.texts.byteLength > MAX_TEXT) {
      throw new FormatError({
        format: FORMAT,
        structure: 'stack',
        offset: this.lines.offset,
        expected: `at most ${MAX_TEXT} bytes of distinct lines`,
        found: 'more',
      });
    }
    this.parsed.push(parsed);
    return this.texts.add(bytes, start, end, hash);
  }

  /** What is neither a head nor of a stack. */
  private readOther(text: string): void {
    if (text === '') {
      this.expectsHead = true;
      return;
    }
    this.firstLine ??= text.slice(0, MAX_SHOWN);
    if (text.startsWith('#')) {
      const [, name, value] = /^# (hostname|cmdline) : (.*)$/.exec(text) ?? [];
      if (name === 'hostname' && this.hostname === '') this.hostname = value.trim();
      if (name === 'cmdline' && this.commandLine === '') this.commandLine = value.trim();
    } else if (!/^(?:```|~~~)/.test(text)) {
      this.notUnderstood++;
    }
  }

  private append(row: number): void {
    const { sample } = this;
    const parsed = this.parsed[row];
    if (!this.isOpen) {
      this.notUnderstood++;
    } else if ('address' in parsed) {
      if (sample.length === MAX_FRAMES) {
        sample.isCut = true;
        return;
      }
      sample.frames[sample.length] = row;
      sample.sourceLines[sample.length++] = -1;
    } else if (sample.length > 0) {
      sample.sourceLines[sample.length - 1] = row;
    }
  }
}

/** A line without what may stand before anything: tabs, blanks, and what marks a quotation. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  return decodeUtf8(bytes.subarray(start, end)).replace(/^[\s>]+/, '');
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
