/**
 * Spans of time, as `--time` of perf names them (tools/perf/util/time-utils.c): absolute ones in seconds,
 * or shares of the whole recording.
 */
import { StrataError } from '../../base/errors.js';
import type { Nanoseconds } from '../../base/units.js';

/** A span; both ends belong to it. */
export interface TimeSpan {
  /** -Infinity where it is open. */
  readonly start: Nanoseconds;
  /** Infinity where it is open. */
  readonly end: Nanoseconds;
}

/** What a person asked for: times, or shares (0 to 1) of a recording that is not known yet. */
export interface TimeChoice {
  readonly unit: 'ns' | 'share';
  readonly spans: readonly TimeSpan[];
}

const NS_PER_SECOND = 1e9;

const FORMS =
  'times: START,STOP in seconds, either may be missing, several separated by blanks; or shares: ' +
  '10%, 10%/2 (the second tenth), 10%-20%, several separated by commas';

/**
 * Reads `1.5,2`, `1.5,`, `1,2 4,5`, `10%`, `10%/2,10%/4`, `0%-10%,30%-40%`.
 * @throws StrataError where the text is none of these, or spans overlap or end before they start
 */
export function parseTimes(text: string): TimeChoice {
  return text.includes('%') ? parseShares(text) : parseSpans(text);
}

/**
 * The spans of a recording whose first and last samples are at `first` and `last`.
 * Of neighbouring shares a moment belongs to one only.
 */
export function timeSlices(
  { unit, spans }: TimeChoice,
  first: Nanoseconds,
  last: Nanoseconds,
): TimeSpan[] {
  if (unit === 'ns') return [...spans];
  const total = last - first;
  return spans.map((span) => {
    const start = first + Math.round(span.start * total);
    const end = first + Math.round(span.end * total);
    return { start, end: end > start && end !== last ? end - 1 : end };
  });
}

/** Whether a time lies in one of the spans. Time 0, which is none, is in all of them. */
export function isWithin(spans: readonly TimeSpan[], time: Nanoseconds): boolean {
  if (time === 0) return true;
  for (const { start, end } of spans) if (time >= start && time <= end) return true;
  return false;
}

function parseSpans(text: string): TimeChoice {
  const words = text.trim().split(/\s+/);
  const spans = words.map((word) => {
    const match = /^([\d.]*),([\d.]*)$/.exec(word);
    if (match === null) throw invalid(text);
    const start = match[1] === '' ? -Infinity : parseSeconds(match[1], text);
    const end = match[2] === '' ? Infinity : parseSeconds(match[2], text);
    return span(start, end, text);
  });
  spans.forEach(({ start }, i) => {
    if (i > 0 && spans[i - 1].end >= start) throw invalid(text, 'the spans overlap');
  });
  return { unit: 'ns', spans };
}

function parseShares(text: string): TimeChoice {
  const spans = text.split(',').map((word) => {
    const slice = /^(\d{1,3}(?:\.\d*)?)%(?:\/(\d{1,6}))?$/.exec(word);
    if (slice !== null) {
      const size = Number(slice[1]) / 100;
      const number = Number(slice[2] ?? 1);
      return share(size * (number - 1), size * number, text);
    }
    const range = /^(\d{1,3}(?:\.\d*)?)%-(\d{1,3}(?:\.\d*)?)%$/.exec(word);
    if (range === null) throw invalid(text);
    return share(Number(range[1]) / 100, Number(range[2]) / 100, text);
  });
  return { unit: 'share', spans };
}

function share(start: number, end: number, text: string): TimeSpan {
  if (start < 0 || end > 1) throw invalid(text, 'a share lies outside of the recording');
  return span(start, end, text);
}

function span(start: number, end: number, text: string): TimeSpan {
  if (end < start) throw invalid(text, 'a span ends before it starts');
  return { start, end };
}

/** Seconds with up to nine decimals, in nanoseconds. */
function parseSeconds(word: string, text: string): Nanoseconds {
  const match = /^(\d{1,11})(?:\.(\d{0,9}))?$/.exec(word);
  if (match === null) throw invalid(text);
  return Number(match[1]) * NS_PER_SECOND + Number((match[2] ?? '').padEnd(9, '0'));
}

function invalid(text: string, reason?: string): StrataError {
  return new StrataError(
    `'${text}' is no span of time${reason === undefined ? '' : `: ${reason}`}`,
    FORMS,
  );
}
