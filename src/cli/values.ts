/**
 * The values of options: text of the command line → typed values. Each parser throws
 * `InvalidArgumentError` with a sentence that says what is valid.
 */
import { InvalidArgumentError } from 'commander';

import type { CallGraph } from '../linux/events/spec.js';
import type { MinWidth } from '../render/flamegraph/flamegraph.js';
import type { SymbolOptions } from '../symbolize/options.js';

/** The largest user stack that the kernel copies: u16 size in multiples of 8, less the header (perf_event_open(2)). */
const MAX_STACK_DUMP = 65_528;
const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600 } as const;

/** `99` or `max`, in samples per second. */
export function parseFrequency(text: string): number | 'max' {
  if (text === 'max') return 'max';
  const frequency = wholeNumber(text);
  if (frequency === undefined || frequency < 1 || frequency > 1_000_000) {
    throw new InvalidArgumentError('Samples per second: 1 to 1000000, or max.');
  }
  return frequency;
}

/** `10`, `1.5`, `2m`, `500ms`, in seconds. */
export function parseDuration(text: string): number {
  const seconds = durationOf(text, 's');
  if (seconds === undefined) {
    throw new InvalidArgumentError('A duration above zero: 10 or 1.5 (seconds), 500ms, 2m, 1h.');
  }
  return seconds;
}

/** In seconds, `unit` where the text names none; `undefined` where it is no duration above zero. */
export function durationOf(text: string, unit: keyof typeof SECONDS): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const seconds = Number(match?.[1]) * SECONDS[(match?.[2] ?? unit) as keyof typeof SECONDS];
  return seconds > 0 && seconds <= 1e8 ? seconds : undefined;
}

/** `dwarf`, `dwarf,16384`, `fp`, `lbr`, `none`: how user stacks are found. The size is rounded up to 8 bytes. */
export function parseCallGraph(text: string): CallGraph {
  if (text === 'dwarf' || text === 'fp' || text === 'lbr' || text === 'none') {
    return { kind: text };
  }
  const match = /^dwarf,(\d+)$/.exec(text);
  const size = match ? Math.ceil(Number(match[1]) / 8) * 8 : 0;
  if (size < 8 || size > MAX_STACK_DUMP) {
    throw new InvalidArgumentError(
      `dwarf, fp, lbr or none; dwarf,SIZE copies SIZE bytes of stack, up to ${MAX_STACK_DUMP}.`,
    );
  }
  return { kind: 'dwarf', size };
}

/** `1,2,3`: process or thread ids. */
export function parseIds(text: string): number[] {
  return parseList(text).map((part) => {
    const id = wholeNumber(part);
    if (id === undefined) throw new InvalidArgumentError('Numbers separated by commas.');
    return id;
  });
}

/** Far more than any machine has CPUs. */
const MOST_NUMBERS = 100_000;

/** `0,2-4`: numbers and ranges of them, as CPUs are listed. */
export function parseRanges(text: string): number[] {
  const ranges = parseList(text).map((part) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first) {
      throw new InvalidArgumentError('Numbers and ranges separated by commas: 0,2-3.');
    }
    return { first, length: last - first + 1 };
  });
  if (ranges.reduce((sum, { length }) => sum + length, 0) > MOST_NUMBERS) {
    throw new InvalidArgumentError(`At most ${MOST_NUMBERS} numbers.`);
  }
  return ranges.flatMap(({ first, length }) => Array.from({ length }, (_, i) => first + i));
}

/** perf's argument of `--symfs`: `DIR`, `DIR,hierarchy` or `DIR,flat` (perf-report(1)). */
export function parseSymfs(text: string): Required<Pick<SymbolOptions, 'symfs' | 'symfsLayout'>> {
  const layout = /,(hierarchy|flat)$/.exec(text);
  if (layout === null) return { symfs: text, symfsLayout: 'hierarchy' };
  return {
    symfs: text.slice(0, -layout[0].length),
    symfsLayout: layout[1] === 'flat' ? 'flat' : 'hierarchy',
  };
}

/** `python,worker`. */
export function parseList(text: string): string[] {
  const parts = text.split(',');
  if (parts.includes('')) throw new InvalidArgumentError('Names separated by commas.');
  return parts;
}

/** 0 to 100, with or without a percent sign. */
export function parsePercent(text: string): number {
  const percent = decimal(text.replace(/%$/, ''));
  if (percent === undefined || percent > 100) {
    throw new InvalidArgumentError('A percentage from 0 to 100.');
  }
  return percent;
}

/** A parser of whole numbers from `low` to `high`. */
export function parseWhole(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = wholeNumber(text);
    if (value === undefined || value < low || value > high) {
      throw new InvalidArgumentError(`A whole number from ${low} to ${high}.`);
    }
    return value;
  };
}

/** `0.1` (pixels) or `0.5%` (of the whole). */
export function parseMinWidth(text: string): MinWidth {
  const share = text.endsWith('%');
  const value = decimal(share ? text.slice(0, -1) : text);
  if (value === undefined || (share && value > 100)) {
    throw new InvalidArgumentError('Pixels, as 0.1, or a share of the whole, as 0.5%.');
  }
  return share ? `${value}%` : value;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function decimal(text: string): number | undefined {
  return /^\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
