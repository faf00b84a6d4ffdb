/** What reading a recording costs: time and peak memory of strata's reports and perf's, on the same files. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { formatBytes, formatCount, plural } from '../base/units.js';
import { cpuOf, measure, tell, TIMEOUT_SECONDS, type Bench, type Cost } from './measure.js';
import { countRecords, type Recorded } from './recorded.js';
import { median, orderOf, spread } from './statistics.js';
import { layOut, ratio, withSpread } from './table.js';
import {
  ordinaryTarget,
  perfDwarf,
  perfFramePointers,
  readTargetRun,
  removePerfMap,
  STACK_SIZES,
  strataRecord,
  threadsTarget,
  type Contestant,
  type Target,
} from './targets.js';

/** What a long recording at a high rate holds, and how often two busy threads are then sampled a second. */
const MANY_SAMPLES = 430_000;
const HIGH_FREQUENCY = 9_999;
/** Some 13,000 samples of the ordinary program, whose copied stacks are then some 430 MB. */
const COPIES_FREQUENCY = 4_999;
const COPIES_ROUNDS = 14_000;
const COPIED_STACK = 32_768;
const [, DEFAULT_STACK] = STACK_SIZES;

export interface Reading {
  readonly command: string;
  /** What of perf's does the same, which it is compared with. */
  readonly like?: string | undefined;
  readonly runs: Cost[];
}

export interface ReadingResult {
  readonly recording: string;
  readonly recorded: Recorded;
  readonly readings: readonly Reading[];
}

/** A program that reads a recording. */
interface Reader {
  readonly command: string;
  readonly argv: (bench: Bench) => readonly string[];
  readonly like?: string;
}

interface Recording {
  readonly name: string;
  readonly target: Target;
  readonly recorder: Contestant;
  readonly readers: readonly Reader[];
}

export function benchReading(
  bench: Bench,
  options: { readonly perf: boolean; readonly repeat: number },
): ReadingResult[] {
  return recordings(options.perf).map((recording) => readAll(bench, recording, options.repeat));
}

const PERF_REPORT = perf('report', '--stdio');
const PERF_SCRIPT = perf('script');
const PERF_SCRIPT_PLAIN = perf('script', '--no-inline');

function recordings(hasPerf: boolean): Recording[] {
  const seconds = Math.ceil(MANY_SAMPLES / (2 * HIGH_FREQUENCY));
  const report = strata('report', '--stdio');
  const own = {
    name: 'strata’s default, of an ordinary program',
    target: ordinaryTarget(),
    recorder: strataRecord(HIGH_FREQUENCY, DEFAULT_STACK),
    readers: [
      LOADING,
      { ...report, like: LOADING.command },
      { ...strata('tree'), like: LOADING.command },
      strata('script'),
      ...(hasPerf ? [PERF_SCRIPT] : []),
    ],
  };
  if (!hasPerf) return [own];
  return [
    {
      name: 'perf’s, with frame pointers',
      target: threadsTarget(seconds),
      recorder: perfFramePointers(HIGH_FREQUENCY),
      readers: [
        { ...report, like: PERF_REPORT.command },
        { ...strata('script'), like: PERF_SCRIPT.command },
        PERF_REPORT,
        PERF_SCRIPT,
        ...(hasSamply() ? [SAMPLY] : []),
      ],
    },
    {
      name: `perf’s, with ${formatCount(COPIED_STACK)} bytes of stack a sample`,
      target: { ...ordinaryTarget(), amount: COPIES_ROUNDS },
      recorder: perfDwarf(COPIES_FREQUENCY, COPIED_STACK),
      readers: [
        { ...strata('report', '--stdio', '--no-inline'), like: PERF_SCRIPT_PLAIN.command },
        { ...strata('report', '--stdio', '--inline'), like: PERF_SCRIPT.command },
        { ...strata('script', '--no-inline'), like: PERF_SCRIPT_PLAIN.command },
        PERF_SCRIPT_PLAIN,
        PERF_SCRIPT,
        ...(hasSamply() ? [SAMPLY] : []),
      ],
    },
    own,
  ];
}

function strata(...words: string[]): Reader {
  return {
    command: `strata ${words.join(' ')}`,
    argv: (bench) => [...bench.strata, ...words, '-i', FILE],
  };
}

function perf(...words: string[]): Reader {
  return { command: `perf ${words.join(' ')}`, argv: () => ['perf', ...words, '-i', FILE] };
}

/** What reports do before they print. */
const LOADING: Reader = {
  command: 'loading alone',
  argv: () => [process.execPath, fileURLToPath(new URL('load.js', import.meta.url)), FILE],
};

const SAMPLY: Reader = {
  command: 'samply import, without symbols',
  argv: () => ['samply', 'import', '--save-only', '-o', 'samply.json', FILE],
};

function hasSamply(): boolean {
  return spawnSync('samply', ['--version']).error === undefined;
}

/** Below the folder that everything runs in. */
const FILE = 'recording.data';

function readAll(
  bench: Bench,
  { name, target, recorder, readers }: Recording,
  repeat: number,
): ReadingResult {
  const file = join(bench.folder, FILE);
  tell(`reading: recording ${target.name} with ${recorder.name}`);
  measure(bench, recorder.command(bench, target, file));
  const { pid } = readTargetRun(bench);
  const recorded = countRecords(file);
  const readings = readers.map((reader) => ({ ...reader, runs: [] as Cost[] }));
  for (let round = 0; round < repeat; round++) {
    for (const { command, argv, runs } of orderOf(readings, round)) {
      if (runs.at(-1)?.timedOut) continue;
      tell(`reading, round ${round + 1} of ${repeat}: ${name}: ${command}`);
      runs.push(measure(bench, argv(bench)));
    }
  }
  removePerfMap(pid); // perf’s reports read it
  return {
    recording: name,
    recorded,
    readings: readings.map(({ command, like, runs }) => ({ command, like, runs })),
  };
}

const HEADER = ['', 'wall s', 'CPU s', 'memory', 'wall to', 'memory to', ''];

export const READING_LEGEND = [
  'all write to /dev/null; ratios are to the command named beside them',
  'stacks by frame pointers are short on an interpreter without them: --python names one that has them',
];

export function readingTable(results: readonly ReadingResult[]): string[] {
  const rows = results.flatMap(({ recording, recorded, readings }) => {
    const { samples, bytes } = recorded;
    return [
      `${recording}: ${plural(samples, 'sample')}, ${formatBytes(bytes)}`,
      ...readings.map((reading) =>
        row(
          reading,
          readings.find(({ command }) => command === reading.like),
        ),
      ),
    ];
  });
  return layOut(HEADER, rows);
}

function row(reading: Reading, like: Reading | undefined): string[] {
  const { command, runs } = reading;
  return [
    `  ${command}`,
    runs.at(-1)?.timedOut
      ? `over ${formatCount(TIMEOUT_SECONDS)}`
      : withSpread(wall(reading), spread(runs.map((run) => run.wall))),
    median(runs.map(cpuOf)).toFixed(2),
    formatBytes(peak(reading)),
    ratio(wall(reading), like && wall(like)),
    ratio(peak(reading), like && peak(like)),
    like?.command ?? '',
  ];
}

function wall({ runs }: Reading): number {
  return median(runs.map((run) => run.wall));
}

function peak({ runs }: Reading): number {
  return median(runs.map((run) => run.peak));
}
