/** Values of `record`'s own flags. Each parser throws `InvalidArgumentError` with what is valid. */
import { InvalidArgumentError } from 'commander';

import type { BufferSize, ControlPlace, EventFilter, SwitchOutput } from '../../record/options.js';
import { durationOf, parseDuration } from '../values.js';
import type { Values } from './spec.js';

/** One `-e` more. Its events are parsed when it is known what the machine has. */
export function appendEvents(text: string, previous: readonly string[] = []): string[] {
  if (text.trim() === '') {
    throw new InvalidArgumentError('Event names separated by commas: cycles,page-faults.');
  }
  return [...previous, text];
}

/** One `--filter` more, for the `-e` before it. */
export function appendFilter(
  text: string,
  previous: readonly EventFilter[] = [],
  soFar: Values = {},
): EventFilter[] {
  const after = (soFar['event'] as readonly string[] | undefined)?.length ?? 0;
  if (after === 0) {
    throw new InvalidArgumentError('It stands after the -e whose tracepoints it is for.');
  }
  return [...previous, { text, after }];
}

/** Milliseconds, as perf has it, or with a unit; -1 for not at all. In seconds. */
export function parseDelay(text: string): number {
  if (text === '-1') return -1;
  if (text === '0') return 0;
  const seconds = durationOf(text, 'ms');
  if (seconds === undefined) {
    throw new InvalidArgumentError('Milliseconds, or a time with its unit: 500, 1.5s, 2m.');
  }
  return seconds;
}

/** `fifo:CTL[,ACK]`, `fd:CTL[,ACK]`, `signal`, `program`. */
export function parseControl(text: string): ControlPlace {
  if (text === 'signal') return { kind: 'signal' };
  if (text === 'program') return { kind: 'own' };
  const match = /^(fifo|fd):([^,]+)(?:,([^,]+))?$/.exec(text);
  const [, kind, commands = '', answers] = match ?? [];
  if (match === null || (kind === 'fd' && !/^\d+(?:,\d+)?$/.test(text.slice(3)))) {
    throw new InvalidArgumentError('fifo:CTL[,ACK], fd:CTL[,ACK], signal or program.');
  }
  const place = (word: string): string | number => (kind === 'fd' ? Number(word) : word);
  return {
    kind: 'given',
    commands: place(commands),
    ...(answers === undefined ? {} : { acknowledgements: place(answers) }),
  };
}

export type SwitchMoment = SwitchOutput['on'];

const BYTES = { B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

/** More than any kernel lets a ring be. */
const MOST_BUFFER = 2 ** 30;

/** `128` pages, or `512K`, `64M`. */
export function parseBufferSize(text: string): BufferSize {
  const match = /^(\d{1,9})([BKMG])?$/.exec(text);
  const number = Number(match?.[1]);
  const unit = match?.[2] as keyof typeof BYTES | undefined;
  const bytes = number * (unit === undefined ? 4096 : BYTES[unit]);
  if (match === null || number === 0 || bytes > MOST_BUFFER) {
    throw new InvalidArgumentError('A number of pages, or a size as 512K or 64M, up to 1G.');
  }
  return unit === undefined ? { pages: number } : { bytes };
}

/** `signal`, `100M`, `30s`. Where perf takes `m` for minutes and `M` for mebibytes, so do we. */
export function parseSwitchOutput(text: string): SwitchMoment {
  if (text === 'signal') return 'signal';
  const size = /^(\d{1,9})([BKMG])$/.exec(text);
  if (size !== null && Number(size[1]) > 0) {
    return { bytes: Number(size[1]) * BYTES[size[2] as keyof typeof BYTES] };
  }
  if (/^[\d.]+(ms|s|m|h)$/.test(text)) return { seconds: parseDuration(text) };
  throw new InvalidArgumentError('signal, a size as 100M or 2G, or a time as 30s or 5m.');
}
