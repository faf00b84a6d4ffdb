/**
 * `strata list`: events by their kinds.
 *
 *     Software events
 *       page-faults, faults   accesses to memory not mapped yet
 *     Tracepoints (2,306)
 *       alarmtimer (4)  block (38)  …
 *
 * A description that does not fit beside its name stands below it.
 */
import { formatCount } from '../../base/units.js';
import type { TriedEvent } from '../../linux/events/catalogue.js';
import type { EventKind } from '../../linux/events/spec.js';
import { PLAIN, type Style } from './style.js';
import { columns, safe, shortenEnd, type Sink } from './text.js';

export interface EventListOptions {
  /** The terminal's columns. */
  readonly width?: number;
  readonly style?: Style;
  /** Tracepoints by their systems, without their names. */
  readonly bySystem?: boolean;
}

const HEADINGS: Readonly<Record<EventKind, string>> = {
  hardware: 'Hardware events',
  software: 'Software events',
  cache: 'Cache events',
  pmu: 'Events of PMUs',
  raw: 'Raw events',
  breakpoint: 'Breakpoints',
  tracepoint: 'Tracepoints',
};

/** A name that is longer than this has its description below. */
const NAME_COLUMNS = 34;
const LEAST_DESCRIPTION = 40;

/** Writes the events, those that were refused with the reason. */
export function writeEventList(
  events: readonly TriedEvent[],
  options: EventListOptions,
  sink: Sink,
): void {
  const { style = PLAIN } = options;
  let first = true;
  for (const [kind, heading] of Object.entries(HEADINGS)) {
    const ofKind = events.filter((event) => event.kind === kind);
    if (ofKind.length === 0) continue;
    const count = kind === 'tracepoint' ? ` (${formatCount(ofKind.length)})` : '';
    sink(`${first ? '' : '\n'}${style.strong(heading + count)}\n`);
    first = false;
    if (kind === 'tracepoint' && options.bySystem === true) writeSystems(ofKind, options, sink);
    else writeEvents(ofKind, options, sink);
  }
}

function writeEvents(events: readonly TriedEvent[], options: EventListOptions, sink: Sink): void {
  const { width = Infinity, style = PLAIN } = options;
  const names = events.map((event) => safe([event.name, ...event.aliases].join(', ')));
  const fitting = names.map(columns).filter((size) => size <= NAME_COLUMNS);
  const nameColumns = Math.max(0, ...fitting);
  const beside = width - nameColumns - 4 >= LEAST_DESCRIPTION;
  events.forEach((event, i) => {
    const text = describe(event);
    const name = `  ${names[i]}`;
    if (text === '') {
      sink(`${shortenEnd(name, width)}\n`);
    } else if (beside && columns(names[i]) <= nameColumns) {
      const gap = ' '.repeat(nameColumns - columns(names[i]) + 2);
      sink(`${name}${gap}${style.faint(shortenEnd(text, width - nameColumns - 4))}\n`);
    } else {
      sink(`${shortenEnd(name, width)}\n      ${style.faint(shortenEnd(text, width - 6))}\n`);
    }
  });
}

function describe({ description = '', unit, userOnly, refusal }: TriedEvent): string {
  if (refusal !== undefined) return `not here: ${safe(refusal.reason)}`;
  const extent = userOnly === true ? 'user space only' : '';
  return safe(
    [description, unit === undefined ? '' : `in ${unit}`, extent]
      .filter((part) => part !== '')
      .join('; '),
  );
}

/** `sched (26)` in as many columns as fit, read downwards as `ls` has it. */
function writeSystems(events: readonly TriedEvent[], options: EventListOptions, sink: Sink): void {
  const counts = new Map<string, number>();
  for (const { name } of events) {
    const [system] = name.split(':');
    counts.set(system, (counts.get(system) ?? 0) + 1);
  }
  const cells = [...counts].map(([system, count]) => safe(`${system} (${count})`));
  const cell = Math.max(...cells.map(columns)) + 2;
  const perLine = Math.max(1, Math.floor(((options.width ?? 80) - 2) / cell));
  const lines = Math.ceil(cells.length / perLine);
  for (let line = 0; line < lines; line++) {
    const text = cells.filter((_, i) => i % lines === line).map((one) => one.padEnd(cell));
    sink(`  ${text.join('').trimEnd()}\n`);
  }
}

const KIND_NAMES: Readonly<Record<EventKind, string>> = {
  hardware: 'hardware',
  cache: 'cache',
  software: 'software',
  pmu: 'PMU',
  raw: 'raw',
  breakpoint: 'breakpoint',
  tracepoint: 'tracepoint',
};

/** `50 hardware, cache and raw events cannot be counted here: …`, a line for each reason. */
export function refusedLines(events: readonly TriedEvent[]): string[] {
  const byReason = new Map<string, TriedEvent[]>();
  for (const event of events) {
    if (event.refusal === undefined) continue;
    const { reason } = event.refusal;
    byReason.set(reason, [...(byReason.get(reason) ?? []), event]);
  }
  return [...byReason].map(([reason, refused]) => {
    const kinds = [...new Set(refused.map(({ kind }) => KIND_NAMES[kind]))];
    const named =
      refused.length === 1
        ? `'${safe(refused[0].name)}'`
        : `${refused.length} ${joined(kinds)} events`;
    return `${named} cannot be counted here: ${safe(reason)}`;
  });
}

function joined(words: readonly string[]): string {
  const [last] = words.slice(-1);
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
