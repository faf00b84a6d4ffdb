/**
 * The line that opens a sample, as `perf_sample__fprintf_start` and `process_event` write it
 * (tools/perf/builtin-script.c):
 *
 *     COMM  PID/TID [CPU] MISC TIME:  PERIOD EVENT: ADDRESS SYMBOL (DSO)
 *
 * `perf script -F` chooses among the fields; by default there is one ID, which is the thread's. Nothing
 * is quoted, and names of threads and events may hold blanks, digits, brackets and colons:
 *
 *     foo bar 3  1234 [003] 12.345678:    100010 cpu/name=my event/u:
 *
 * So what is unmistakable is found first, the time, and the rest is read from there to both sides.
 */
import type { Nanoseconds } from '../../base/units.js';

/** Words that are looked at in search of the time: more than any thread's name has. */
const MAX_WORDS = 40;
/** Words of an event's name. */
const MAX_EVENT_WORDS = 8;
/** A u64 has no more. */
const MAX_DIGITS = 20;

const TAB = 0x09;
const SPACE = 0x20;
const HASH = 0x23;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const COLON = 0x3a;
const GREATER = 0x3e;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const RECORD_PREFIX = Uint8Array.from('PERF_RECORD_', (char) => char.charCodeAt(0));

/** What a line may open. */
export const HeadKind = {
  /** The line opens nothing. */
  None: 0,
  Sample: 1,
  /** `PERF_RECORD_COMM …` and other records, of `--show-task-events` and its like. */
  Record: 2,
  /** Name and IDs alone, as `-F comm,tid,ip,sym` writes: a sample if a stack follows. */
  Bare: 3,
} as const;
export type HeadKind = (typeof HeadKind)[keyof typeof HeadKind];

/** Reads heads; its fields are those of the line read last. Places are in the bytes given. */
export class HeadReader {
  /** `commEnd` is `commStart` where the line has no name. */
  commStart = 0;
  commEnd = 0;
  /** -1 where the line does not say; so, too, of a process that perf did not know. */
  pid = -1;
  tid = -1;
  cpu = -1;
  /** NaN where there is none. */
  time: Nanoseconds = NaN;
  /** NaN where there is none. */
  period = NaN;
  /** `eventEnd` is `eventStart` where the line has no event. */
  eventStart = 0;
  eventEnd = 0;
  /** What follows: the sample's own frame, a tracepoint's fields, or a record's; up to the line's end. */
  restStart = 0;

  private readonly wordStart = new Int32Array(MAX_WORDS + 1);
  private readonly wordEnd = new Int32Array(MAX_WORDS + 1);
  private words = 0;

  read(bytes: Uint8Array, start: number, end: number): HeadKind {
    this.cpu = -1;
    this.pid = -1;
    this.tid = -1;
    this.time = NaN;
    this.period = NaN;
    const timeWord = this.split(bytes, start, end);
    if (timeWord < 0) return this.readWithoutTime(bytes, end);
    const named = this.readIds(bytes, timeWord - 1);
    this.readTail(bytes, this.wordEnd[timeWord], end);
    // Other tools, too, put a colon after a time: without IDs there must be an event.
    const hasEvent = this.eventEnd > this.eventStart;
    if (!named && !(hasEvent && this.cpu >= 0)) return HeadKind.None;
    return this.isRecord(bytes, end) ? HeadKind.Record : HeadKind.Sample;
  }

  /** Splits the line at blanks, up to the time; returns its word, or -1. */
  private split(bytes: Uint8Array, start: number, end: number): number {
    let words = 0;
    for (let at = start; at < end && words <= MAX_WORDS; words++) {
      while (at < end && isBlank(bytes[at])) at++;
      if (at === end) break;
      const from = at;
      while (at < end && !isBlank(bytes[at])) at++;
      this.wordStart[words] = from;
      this.wordEnd[words] = at;
      if (bytes[at - 1] === COLON) {
        this.time = timeIn(bytes, from, at - 1);
        if (!Number.isNaN(this.time)) return words;
      }
    }
    this.words = words;
    return -1;
  }

  /** What stands before the time, from its last word on; false where there are no IDs. */
  private readIds(bytes: Uint8Array, last: number): boolean {
    let word = last;
    // `2021-05-20 10:11:12.123456`, of `-F tod`.
    if (word > 1 && this.isClock(bytes, word)) word -= 2;
    // `K`, `U`, `g`, …, of `-F misc`.
    if (word > 0 && this.isMisc(bytes, word) && this.isIdOrCpu(bytes, word - 1)) word--;
    if (word >= 0 && this.readCpu(bytes, word)) word--;
    const named = word >= 0 && this.readId(bytes, word);
    if (named) word--;
    this.setComm(bytes, word);
    return named;
  }

  /** The name is the words up to this one. */
  private setComm(bytes: Uint8Array, last: number): void {
    // Pasted as a quotation.
    let first = 0;
    while (first <= last && this.wordEnd[first] - this.wordStart[first] === 1) {
      if (bytes[this.wordStart[first]] !== GREATER) break;
      first++;
    }
    this.commStart = first > last ? 0 : this.wordStart[first];
    this.commEnd = first > last ? 0 : this.wordEnd[last];
  }

  /**
   * Without a time the first number after the name that can be an ID is one: what follows must be a
   * CPU, a period and an event, each of which may be missing.
   */
  private readWithoutTime(bytes: Uint8Array, end: number): HeadKind {
    // What `--header` prints is full of numbers and colons.
    if (this.words > 0 && bytes[this.wordStart[0]] === HASH) return HeadKind.None;
    for (let word = 0; word < this.words; word++) {
      if (!this.readId(bytes, word)) continue;
      this.cpu = -1;
      const hasCpu = word + 1 < this.words && this.readCpu(bytes, word + 1);
      const last = hasCpu ? word + 1 : word;
      this.readTail(bytes, this.wordEnd[last], end);
      const isBare = word > 0 && this.restStart === end && Number.isNaN(this.period);
      const isRecord = this.isRecord(bytes, end);
      if (this.eventEnd === this.eventStart && !isBare && !isRecord) continue;
      this.setComm(bytes, word - 1);
      if (isRecord) return HeadKind.Record;
      return isBare ? HeadKind.Bare : HeadKind.Sample;
    }
    return HeadKind.None;
  }

  /** Period and event, and where they end. */
  private readTail(bytes: Uint8Array, start: number, end: number): void {
    let at = skipBlanks(bytes, start, end);
    this.period = NaN;
    this.eventStart = this.eventEnd = at;
    this.restStart = at;
    const digits = skipDigits(bytes, at, end);
    const isNumber = digits > at && digits - at <= MAX_DIGITS;
    if (isNumber && (digits === end || isBlank(bytes[digits]))) {
      const next = skipBlanks(bytes, digits, end);
      const colon = this.eventColon(bytes, next, end);
      if (colon < 0 && next < end) return; // an address in decimal digits
      this.period = numberIn(bytes, at, digits);
      at = next;
    }
    const colon = this.eventColon(bytes, at, end);
    this.eventStart = at;
    this.eventEnd = colon < 0 ? at : colon;
    this.restStart = colon < 0 ? at : skipBlanks(bytes, colon + 1, end);
  }

  /** The colon that ends the event's name; -1 where there is no event. */
  private eventColon(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    for (let words = 0; at < end && words < MAX_EVENT_WORDS; words++) {
      const from = at;
      let isName = false;
      let slashes = 0;
      for (; at < end && !isBlank(bytes[at]); at++) {
        if (!isHexDigit(bytes[at])) isName = true;
        if (bytes[at] === SLASH) slashes++;
      }
      if (bytes[at - 1] === COLON && at - start > 1) {
        // `[001]` and `12.345678:` stand before a period, not for an event.
        const isPlace = bytes[start] === BRACKET || !Number.isNaN(timeIn(bytes, from, at - 1));
        return isPlace ? -1 : at - 1;
      }
      // Only a PMU's event, `cpu/name=my event/`, has blanks in its name.
      if (words === 0 && (!isName || slashes !== 1 || isDigit(bytes[start]))) return -1;
      at = skipBlanks(bytes, at, end);
    }
    return -1;
  }

  /** `123` or `123/124`, either of which may be negative. */
  private readId(bytes: Uint8Array, word: number): boolean {
    const start = this.wordStart[word];
    const end = this.wordEnd[word];
    const firstEnd = skipDigits(bytes, start + (bytes[start] === MINUS ? 1 : 0), end);
    if (!isDigit(bytes[firstEnd - 1]) || firstEnd === start) return false;
    if (firstEnd === end) {
      // One ID is the thread's, unless only `pid` was asked for, which cannot be seen.
      this.pid = -1;
      this.tid = numberIn(bytes, start, end) | 0;
      return true;
    }
    if (bytes[firstEnd] !== SLASH) return false;
    const second = firstEnd + 1;
    const secondEnd = skipDigits(bytes, second + (bytes[second] === MINUS ? 1 : 0), end);
    if (secondEnd !== end || !isDigit(bytes[end - 1])) return false;
    this.pid = numberIn(bytes, start, firstEnd) | 0;
    this.tid = numberIn(bytes, second, end) | 0;
    return true;
  }

  /** `[003]`. */
  private readCpu(bytes: Uint8Array, word: number): boolean {
    const start = this.wordStart[word];
    const end = this.wordEnd[word];
    if (bytes[start] !== BRACKET || bytes[end - 1] !== BRACKET_END) return false;
    const digits = start + (bytes[start + 1] === MINUS ? 2 : 1);
    if (digits >= end - 1 || skipDigits(bytes, digits, end) !== end - 1) return false;
    this.cpu = Math.max(-1, numberIn(bytes, start + 1, end - 1) | 0);
    return true;
  }

  private isRecord(bytes: Uint8Array, end: number): boolean {
    return RECORD_PREFIX.every(
      (byte, i) => this.eventStart + i < end && bytes[this.eventStart + i] === byte,
    );
  }

  private isIdOrCpu(bytes: Uint8Array, word: number): boolean {
    const last = bytes[this.wordEnd[word] - 1];
    return isDigit(last) || last === BRACKET_END;
  }

  private isMisc(bytes: Uint8Array, word: number): boolean {
    for (let at = this.wordStart[word]; at < this.wordEnd[word]; at++) {
      const upper = bytes[at] & ~SPACE;
      if (upper < 0x41 || upper > 0x5a) return false;
    }
    return this.wordEnd[word] - this.wordStart[word] < 6;
  }

  private isClock(bytes: Uint8Array, word: number): boolean {
    const start = this.wordStart[word];
    return (
      this.wordEnd[word] - start >= 8 && bytes[start + 2] === COLON && bytes[start + 5] === COLON
    );
  }
}

/** `158665.570607`: seconds with 6 or, with `--ns`, 9 decimals, in nanoseconds; NaN where it is none. */
function timeIn(bytes: Uint8Array, start: number, end: number): Nanoseconds {
  const dot = skipDigits(bytes, start, end);
  const decimals = end - dot - 1;
  if (dot === start || dot - start > MAX_DIGITS || bytes[dot] !== DOT) return NaN;
  if ((decimals !== 6 && decimals !== 9) || skipDigits(bytes, dot + 1, end) !== end) return NaN;
  const fraction = numberIn(bytes, dot + 1, end);
  return numberIn(bytes, start, dot) * 1e9 + (decimals === 6 ? fraction * 1000 : fraction);
}

/** A decimal number that may have a sign; exact below 2^53, which no ID or period of use exceeds. */
function numberIn(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++) {
    value = value * 10 + (bytes[at] - ZERO);
  }
  return isNegative ? -value : value;
}

function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isBlank(bytes[at])) at++;
  return at;
}

function skipDigits(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isDigit(bytes[at])) at++;
  return at;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x61 && byte <= 0x66);
}
