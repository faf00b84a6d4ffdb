/** `strata list`: the events that this machine can count. */
import { ExitCode, StrataError } from '../base/errors.js';
import { tryEvents, type TriedEvent } from '../linux/events/catalogue.js';
import { machineEvents } from '../linux/events/parse.js';
import { globPattern } from '../linux/events/pmu.js';
import type { EventKind } from '../linux/events/spec.js';
import { perfEventParanoid } from '../linux/system.js';
import { refusedLines, writeEventList } from '../render/text/event-list.js';
import { ANSI, PLAIN } from '../render/text/style.js';
import type { ListOptions } from './options/list.js';
import { printToStdout } from './output.js';
import { describeTerminal } from './terminal.js';

/** Words for kinds, those of `perf list` among them. */
const KIND_WORDS: Readonly<Record<string, EventKind>> = {
  hw: 'hardware',
  hardware: 'hardware',
  sw: 'software',
  software: 'software',
  cache: 'cache',
  hwcache: 'cache',
  pmu: 'pmu',
  raw: 'raw',
  mem: 'breakpoint',
  breakpoint: 'breakpoint',
  tracepoint: 'tracepoint',
};

/** @throws StrataError where nothing is as the patterns say */
export function list({ patterns, all, json }: ListOptions): number {
  const choices = patterns.map(chooser);
  const kinds = choices.every(({ kind }) => kind !== undefined)
    ? new Set(choices.flatMap(({ kind }) => kind ?? []))
    : undefined;
  const { events: tried, notes } = tryEvents(
    machineEvents(),
    patterns.length === 0 ? undefined : kinds,
  );
  const chosen = tried.filter(
    (event) => choices.length === 0 || choices.some(({ matches }) => matches(event)),
  );
  const shown = all ? chosen : chosen.filter(({ refusal }) => refusal === undefined);
  const refused = all ? [] : refusedLines(chosen);
  if (shown.length === 0) throw nothing(patterns, refused, notes);
  if (json) {
    printToStdout((sink) => sink(`${JSON.stringify(shown.map(asJson), undefined, 2)}\n`));
    return ExitCode.Done;
  }
  const { colour, columns } = describeTerminal();
  const style = colour ? ANSI : PLAIN;
  const bySystem = columns !== undefined && patterns.length === 0;
  printToStdout((sink) => {
    writeEventList(
      shown,
      { style, bySystem, ...(columns === undefined ? {} : { width: columns }) },
      sink,
    );
    if (bySystem) sink(style.faint("  strata list 'SYSTEM:*' names them\n"));
    const remarks = [...refused, ...notes, ...userOnlyNote(shown)];
    if (remarks.length > 0) sink(`\n${remarks.map((remark) => `${remark}\n`).join('')}`);
  });
  return ExitCode.Done;
}

interface Chooser {
  readonly kind?: EventKind;
  readonly matches: (event: TriedEvent) => boolean;
}

function chooser(pattern: string): Chooser {
  const word = pattern.toLowerCase();
  if (Object.hasOwn(KIND_WORDS, word)) {
    const kind = KIND_WORDS[word];
    return { kind, matches: (event) => event.kind === kind };
  }
  const glob = /[*?[]/.test(pattern) ? globPattern(word) : undefined;
  const fits = (name: string): boolean =>
    glob === undefined ? name.toLowerCase().includes(word) : glob.test(name.toLowerCase());
  return { matches: ({ name, aliases }) => fits(name) || aliases.some(fits) };
}

function asJson({ aliases, refusal, ...event }: TriedEvent): object {
  return {
    ...event,
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function nothing(
  patterns: readonly string[],
  refused: readonly string[],
  notes: readonly string[],
): StrataError {
  const why = [...refused, ...notes];
  if (why.length > 0)
    return new StrataError(why.join('; '), 'strata list shows what can be counted');
  return new StrataError(
    `no event is called '${patterns.join("' or '")}'`,
    'strata list shows what can be counted, strata list --all what cannot',
  );
}

function userOnlyNote(events: readonly TriedEvent[]): string[] {
  if (!events.some(({ userOnly }) => userOnly === true)) return [];
  return [
    `kernel.perf_event_paranoid is ${perfEventParanoid() ?? 'unreadable'}: this user may count in user ` +
      'space only (sudo sysctl kernel.perf_event_paranoid=1 allows more)',
  ];
}
