/** `stat`'s flags. */
import { InvalidArgumentError } from 'commander';

import { usageError, type StrataError } from '../../base/errors.js';
import type { EventFilter } from '../../record/options.js';
import type { Aggregation, StatOptions } from '../../stat/options.js';
import { parseWhole } from '../values.js';
import { appendEvents, appendFilter, parseDelay } from './record-values.js';
import { given, requireOutputToAppend } from './shared.js';
import type { CommandSpec, Flag, Values } from './spec.js';
import { chosenTarget, TARGET } from './target.js';

export interface StatChoice extends StatOptions {
  readonly format: StatFormat;
  /** A file, or a descriptor that this program was started with; standard error where absent. */
  readonly output?: string | number;
  readonly append: boolean;
  /** Whether totals follow the intervals. */
  readonly summary: boolean;
}

export type StatFormat =
  | { readonly kind: 'text'; /** `1,234`. */ readonly grouped: boolean }
  | { readonly kind: 'csv'; readonly separator: string }
  | { readonly kind: 'json' };

const LONGEST_MS = 1e9;
/** Shorter ones would count the counting; perf's least. */
const SHORTEST_INTERVAL_MS = 10;

const COUNTING: readonly Flag[] = [
  {
    flags: '-e, --event <list>',
    help: 'events to count, in perf’s syntax; {a,b} together. May be repeated. strata list has their names',
    valueText: 'perf’s, as far as the machine has them',
    parse: appendEvents,
  },
  {
    flags: '--filter <condition>',
    help: 'of the tracepoints of the -e before: only where this holds, as prev_pid != 0',
    parse: appendFilter,
  },
  {
    flags: '-d, --detailed',
    help: 'more of the caches; -dd and -ddd: still more',
    parse: (_: unknown, previous: number | undefined) => (previous ?? 0) + 1,
  },
  {
    flags: '-r, --repeat <N>',
    help: 'run the command N times: means, and how sure they are',
    value: 1,
    parse: parseWhole(1, 100_000),
  },
  {
    flags: '-I, --interval-print <ms>',
    help: 'print the counts of every so many milliseconds',
    parse: parseWhole(SHORTEST_INTERVAL_MS, LONGEST_MS),
  },
  {
    flags: '--interval-count <N>',
    help: 'end after N intervals; the command goes on',
    parse: parseWhole(1, LONGEST_MS),
  },
  { flags: '--summary', help: 'with -I, print the whole at the end, too' },
  {
    flags: '--timeout <ms>',
    help: 'end after so many milliseconds, and end the command',
    parse: parseWhole(1, LONGEST_MS),
  },
  {
    flags: '-D, --delay <ms>',
    help: 'begin so many milliseconds after the start',
    parse: parseDelay,
  },
];

const ROWS: readonly Flag[] = [
  { flags: '--per-thread', help: 'a row for each thread, with -p, -t or -u' },
  { flags: '-A, --no-aggr', help: 'a row for each CPU, with -a or -C' },
  { flags: '--per-core', help: 'a row for each core, with -a or -C' },
  { flags: '--per-socket', help: 'a row for each socket, with -a or -C' },
];

const OUTPUT: readonly Flag[] = [
  {
    flags: '-x, --field-separator <text>',
    help: 'fields for other programs, with this between them: , or ; or \\t',
    parse: parseSeparator,
  },
  { flags: '-j, --json', help: 'an object a line' },
  { flags: '-o, --output <file>', help: 'write to this file instead of standard error' },
  { flags: '--append', help: 'with -o, add to the file' },
  {
    flags: '--log-fd <N>',
    help: 'write to this descriptor instead of standard error',
    parse: parseWhole(0, 1_000_000),
  },
  { flags: '--no-big-num', help: 'digits without commas between thousands' },
  { flags: '-B, --big-num', help: '', hidden: true },
];

export const STAT: CommandSpec<StatChoice> = {
  name: 'stat',
  summary: 'count events of a command, running processes or the whole machine',
  description:
    'Runs a command, or looks at what runs already, and prints how often things happened: instructions, ' +
    'cache misses, page faults, context switches, system calls. The counts go to standard error. Exits ' +
    'with the command’s own code, or 128+signal where a signal ended it.',
  operands: '[command...]',
  flags: [...TARGET, ...COUNTING, ...ROWS, ...OUTPUT],
  examples: [
    ['strata stat python app.py', 'the usual events of a whole run'],
    ['strata stat -r 10 python app.py', 'ten runs: means and deviations'],
    ['strata stat -p 1234 --per-thread -- sleep 10', 'the threads of a running process'],
    ['strata stat -a -A -I 1000', 'every CPU, every second, until Ctrl-C'],
    ['strata stat -e "{cycles,instructions}:u" -d python app.py', 'a group, and the caches'],
    [
      'strata stat -e "syscalls:sys_enter_*" -p 1234 --timeout 5000',
      'five seconds of system calls',
    ],
  ],
  options: (values, command) => {
    const options: StatOptions = {
      target: chosenTarget(values),
      command,
      events: (values['event'] as string[] | undefined) ?? [],
      filters: (values['filter'] as EventFilter[] | undefined) ?? [],
      detail: (values['detailed'] as number | undefined) ?? 0,
      runs: values['repeat'] as number,
      aggregation: aggregation(values),
      ...given('intervalMs', values['intervalPrint'] as number | undefined),
      ...given('intervalCount', values['intervalCount'] as number | undefined),
      ...given('timeoutMs', values['timeout'] as number | undefined),
      ...given('delayMs', delay(values)),
      inherit: values['inherit'] !== false,
    };
    check(options);
    requireOutputToAppend(values);
    return {
      ...options,
      format: format(values),
      ...given('output', output(values)),
      append: values['append'] === true,
      summary: values['summary'] === true,
    };
  },
};

/** As perf: a backslash and a t are a tab, which is not easily typed. */
function parseSeparator(text: string): string {
  if (text === '') throw new InvalidArgumentError('What stands between fields: , or ; or \\t.');
  return text === '\\t' ? '\t' : text;
}

/** Milliseconds; one cannot wait for what never comes. */
function delay(values: Values): number | undefined {
  const seconds = values['delay'] as number | undefined;
  if (seconds !== undefined && seconds < 0)
    throw usage('counting must begin: --delay is not below 0');
  return seconds === undefined || seconds === 0 ? undefined : seconds * 1000;
}

function format(values: Values): StatFormat {
  const separator = values['fieldSeparator'] as string | undefined;
  const isJson = values['json'] === true;
  if (isJson && separator !== undefined) throw usage('either --json or -x, not both');
  if (isJson) return { kind: 'json' };
  if (separator !== undefined) return { kind: 'csv', separator };
  return { kind: 'text', grouped: values['bigNum'] !== false };
}

function output(values: Values): string | number | undefined {
  const file = values['output'] as string | undefined;
  const fd = values['logFd'] as number | undefined;
  if (file !== undefined && fd !== undefined) throw usage('either --output or --log-fd, not both');
  return file ?? fd;
}

function aggregation(values: Values): Aggregation {
  const chosen: Aggregation[] = [
    ...(values['perThread'] === true ? (['thread'] as const) : []),
    ...(values['aggr'] === false ? (['cpu'] as const) : []),
    ...(values['perCore'] === true ? (['core'] as const) : []),
    ...(values['perSocket'] === true ? (['socket'] as const) : []),
  ];
  if (chosen.length > 1) throw usage('only one of --per-thread, -A, --per-core and --per-socket');
  return chosen[0] ?? 'all';
}

/** @throws StrataError (exit code 2) where options exclude each other */
function check(options: StatOptions): void {
  const { target, command, aggregation: rows, runs, intervalMs, intervalCount } = options;
  if (rows === 'thread' && (target.kind === 'system' || target.kind === 'command')) {
    throw usage('--per-thread is for running threads', 'for example: --per-thread -p PID');
  }
  if (rows !== 'all' && rows !== 'thread' && target.kind !== 'system') {
    throw usage(
      '-A, --per-core and --per-socket are for whole CPUs: -a or -C',
      'for example: strata stat -a -A sleep 1',
    );
  }
  if (runs > 1 && command.length === 0) throw usage('--repeat needs a command to run again');
  if (runs > 1 && intervalMs !== undefined) throw usage('either --repeat or -I, not both');
  if (intervalCount !== undefined && intervalMs === undefined) {
    throw usage('--interval-count counts intervals', 'for example: -I 1000 --interval-count 10');
  }
}

function usage(message: string, hint = 'see: strata stat --help'): StrataError {
  return usageError(message, hint);
}
