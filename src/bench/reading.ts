/** What reading a recording costs: time and peak memory of strata's reports and perf's, on the same files. */
import { join } from 'node:path';

import { formatBytes, formatCount, plural } from '../base/units.js';
import { cpuOf, measure, tell, TIMEOUT_SECONDS, type Bench, type Cost } from './measure.js';
import { countRecords, type Recorded } from './recorded.js';
import { median, orderOf, spread } from './statistics.js';
import { layOut, ratio, withSpread } from './table.js';
import {
  ordinaryTarget,
  perfDwarf,
  readTargetRun,
  removePerfMap,
  STACK_SIZES,
  strataRecord,
  threadsTarget,
  type Contestant,
  type Target,
} from './targets.js';

/** What a long recording at a high rate holds, and how often two busy threads are then sampled a second. */
const MANY_SAMPLES = 400_000;
const HIGH_FREQUENCY = 9_999;
const [SMALL_STACK, DEFAULT_STACK] = STACK_SIZES;
/** Unwinding stack copies takes perf tens of milliseconds a sample: a recording that it finishes with. */
const LOW_FREQUENCY = 999;

export interface Reading {
  readonly command: string;
  readonly runs: Cost[];
}

export interface ReadingResult {
  readonly recording: string;
  readonly recorded: Recorded;
  readonly readings: readonly Reading[];
}

interface Recording {
  readonly name: string;
  readonly target: Target;
  readonly recorder: Contestant;
}

export function benchReading(
  bench: Bench,
  options: { readonly perf: boolean; readonly repeat: number },
): ReadingResult[] {
  return recordings(options.perf).map((recording) => readAll(bench, recording, options));
}

function recordings(perf: boolean): Recording[] {
  const seconds = MANY_SAMPLES / (2 * HIGH_FREQUENCY);
  const ordinary = ordinaryTarget();
  const copies = {
    name: `perf’s, with ${SMALL_STACK} bytes of stack a sample`,
    target: ordinary,
    recorder: perfDwarf(LOW_FREQUENCY, SMALL_STACK),
  };
  return [
    ...(perf ? [copies] : []),
    {
      name: 'strata’s default, of an ordinary program',
      target: ordinary,
      recorder: strataRecord(HIGH_FREQUENCY, DEFAULT_STACK),
    },
    {
      name: 'strata’s, of two busy threads',
      target: threadsTarget(Math.ceil(seconds)),
      recorder: strataRecord(HIGH_FREQUENCY, SMALL_STACK),
    },
  ];
}

function readAll(
  bench: Bench,
  { name, target, recorder }: Recording,
  { perf, repeat }: { readonly perf: boolean; readonly repeat: number },
): ReadingResult {
  const file = join(bench.folder, 'recording.data');
  tell(`reading: recording ${target.name} with ${recorder.name}`);
  measure(bench, recorder.command(bench, target, file));
  const { pid } = readTargetRun(bench);
  const recorded = countRecords(file);
  const commands = commandsOf(bench, file, perf).map((command) => ({
    ...command,
    runs: [] as Cost[],
  }));
  for (let round = 0; round < repeat; round++) {
    for (const { command, argv, runs } of orderOf(commands, round)) {
      if (runs.at(-1)?.timedOut) continue;
      tell(`reading, round ${round + 1} of ${repeat}: ${name}: ${command}`);
      runs.push(measure(bench, argv));
    }
  }
  removePerfMap(pid); // perf’s reports read it
  const readings = commands.map(({ command, runs }) => ({ command, runs }));
  return { recording: name, recorded, readings };
}

const PERF_REPORT = 'perf report --stdio';
const PERF_SCRIPT = 'perf script';

function commandsOf(
  { strata }: Bench,
  file: string,
  perf: boolean,
): { command: string; argv: string[] }[] {
  const input = ['-i', file];
  const ours = [
    { command: 'strata report --stdio', argv: [...strata, 'report', '--stdio', ...input] },
    { command: 'strata tree', argv: [...strata, 'tree', ...input] },
  ];
  const theirs = [
    { command: PERF_REPORT, argv: ['perf', 'report', '--stdio', ...input] },
    { command: PERF_SCRIPT, argv: ['perf', 'script', ...input] },
  ];
  return perf ? [...theirs, ...ours] : ours;
}

const HEADER = ['', 'wall s', 'CPU s', 'memory', 'to report', 'to script', 'memory to report'];

export const READING_LEGEND = [
  'to report, to script: wall time in terms of perf report’s and perf script’s; all write to /dev/null',
];

export function readingTable(results: readonly ReadingResult[]): string[] {
  const rows = results.flatMap(({ recording, recorded, readings }) => {
    const find = (name: string): Reading | undefined =>
      readings.find(({ command }) => command === name);
    const report = find(PERF_REPORT);
    const script = find(PERF_SCRIPT);
    const { samples, bytes } = recorded;
    return [
      `${recording}: ${plural(samples, 'sample')}, ${formatBytes(bytes)}`,
      ...readings.map((reading) => row(reading, report, script)),
    ];
  });
  return layOut(HEADER, rows);
}

function row(reading: Reading, report: Reading | undefined, script: Reading | undefined): string[] {
  const { command, runs } = reading;
  const ours = command.startsWith('strata');
  const compared = (other: Reading | undefined, value: (reading: Reading) => number): string =>
    ours && other !== undefined ? ratio(value(reading), value(other)) : '';
  return [
    `  ${command}`,
    runs.at(-1)?.timedOut
      ? `over ${formatCount(TIMEOUT_SECONDS)}`
      : withSpread(wall(reading), spread(runs.map((run) => run.wall))),
    median(runs.map(cpuOf)).toFixed(2),
    formatBytes(peak(reading)),
    compared(report, wall),
    compared(script, wall),
    compared(report, peak),
  ];
}

function wall({ runs }: Reading): number {
  return median(runs.map((run) => run.wall));
}

function peak({ runs }: Reading): number {
  return median(runs.map((run) => run.peak));
}
