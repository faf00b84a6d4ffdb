/**
 * What recording costs: the recorder's own CPU time and memory, and how much longer the target takes.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { formatBytes, formatCount, type Bytes } from '../base/units.js';
import { measure, tell, type Bench } from './measure.js';
import { countRecords, type Recorded } from './recorded.js';
import { median, orderOf, spread } from './statistics.js';
import { layOut, ratio, withSpread, type Row } from './table.js';
import {
  perfDwarf,
  PLAIN,
  readTargetRun,
  removePerfMap,
  STACK_SIZES,
  strataRecord,
  TRAMPOLINES,
  type Contestant,
  type Target,
} from './targets.js';

const FREQUENCIES = [999, 9_999];

/** One run. Times are in seconds. */
export interface RecordingRun {
  /** CPU time of the recorder, without what it records. */
  readonly recorderCpu: number;
  readonly recorderPeak: Bytes;
  readonly targetCpu: number;
  /** What a unit of the target's work took. */
  readonly cpuPerWork: number;
  readonly wallPerWork: number;
  /** Absent where nothing was recorded. */
  readonly recorded?: Recorded;
}

export interface RecordingResult {
  readonly contestant: Contestant;
  readonly runs: RecordingRun[];
}

/** Runs a target plain and under each recorder, `repeat` times. The first result is the plain one's. */
export function benchRecording(
  bench: Bench,
  target: Target,
  options: { readonly perf: boolean; readonly repeat: number },
): RecordingResult[] {
  const results: RecordingResult[] = contestantsOf(options.perf).map((contestant) => ({
    contestant,
    runs: [],
  }));
  for (let round = 0; round < options.repeat; round++) {
    for (const { contestant, runs } of orderOf(results, round)) {
      const { name, frequency } = contestant;
      const rate = frequency === undefined ? '' : ` at ${formatCount(frequency)} Hz`;
      tell(`recording, round ${round + 1} of ${options.repeat}: ${target.name}, ${name}${rate}`);
      runs.push(runOnce(bench, target, contestant));
    }
  }
  return results;
}

function contestantsOf(perf: boolean): Contestant[] {
  const recorders = FREQUENCIES.flatMap((frequency) =>
    STACK_SIZES.flatMap((stackSize) => [
      ...(perf ? [perfDwarf(frequency, stackSize)] : []),
      strataRecord(frequency, stackSize),
    ]),
  );
  return [PLAIN, TRAMPOLINES, ...recorders];
}

function runOnce(bench: Bench, target: Target, contestant: Contestant): RecordingRun {
  const output = join(bench.folder, 'recording.data');
  const { user, system, peak } = measure(bench, contestant.command(bench, target, output));
  const { pid, cpu, wall, work } = readTargetRun(bench);
  removePerfMap(pid);
  const run = { targetCpu: cpu, cpuPerWork: cpu / work, wallPerWork: wall / work };
  if (contestant.recorder === undefined) return { ...run, recorderCpu: 0, recorderPeak: 0 };
  const recorded = countRecords(output);
  rmSync(output); // gigabytes, of perf's
  return { ...run, recorderCpu: user + system, recorderPeak: peak, recorded };
}

/** The medians of a contestant's runs, as the table shows them. */
interface Figures {
  readonly recorderCpu: number;
  readonly recorderCpuSpread: number;
  readonly recorderPeak: Bytes;
  readonly targetCpu: number;
  readonly cpuPerWork: number;
  readonly wallPerWork: number;
  readonly samples: number;
  readonly lost: number;
  readonly bytes: Bytes;
}

function figuresOf(runs: readonly RecordingRun[]): Figures {
  const middle = (value: (run: RecordingRun) => number): number => median(runs.map(value));
  return {
    recorderCpu: middle((run) => run.recorderCpu),
    recorderCpuSpread: spread(runs.map((run) => run.recorderCpu)),
    recorderPeak: middle((run) => run.recorderPeak),
    targetCpu: middle((run) => run.targetCpu),
    cpuPerWork: middle((run) => run.cpuPerWork),
    wallPerWork: middle((run) => run.wallPerWork),
    samples: middle((run) => run.recorded?.samples ?? 0),
    lost: middle((run) => run.recorded?.lost ?? 0),
    bytes: middle((run) => run.recorded?.bytes ?? 0),
  };
}

const HEADER = [
  '',
  'recorder s',
  'µs each',
  'memory',
  'target s',
  'CPU',
  'wall',
  'samples',
  'lost',
  'file',
];

export const RECORDING_LEGEND = [
  'recorder s, memory: CPU seconds (user and system) and peak memory of the recorder itself; µs each: its',
  'CPU time by samples, in which its start is contained',
  'target s: CPU seconds of the recorded program; CPU, wall: per unit of its work, plain is 1',
  'lost: dropped by the kernel, its buffers being full',
];

export function recordingTable(results: readonly RecordingResult[]): string[] {
  const plain = figuresOf(results[0].runs);
  const rows: Row[] = [];
  let heading = '';
  let perf: Figures | undefined;
  for (const { contestant, runs } of results) {
    const figures = figuresOf(runs);
    const { frequency, stackSize } = contestant;
    const own = `${formatCount(frequency ?? 0)} Hz, ${formatCount(stackSize ?? 0)} bytes of stack`;
    if (frequency !== undefined && own !== heading) {
      heading = own;
      rows.push(heading);
    }
    rows.push(row(contestant, figures, plain));
    if (contestant.recorder === 'perf') perf = figures;
    else if (contestant.recorder === 'strata' && perf) rows.push(ratioRow(figures, perf));
  }
  return layOut(HEADER, rows);
}

function row({ name, frequency }: Contestant, figures: Figures, plain: Figures): string[] {
  const target = [
    figures.targetCpu.toFixed(2),
    ratio(figures.cpuPerWork, plain.cpuPerWork),
    ratio(figures.wallPerWork, plain.wallPerWork),
  ];
  if (frequency === undefined) return [name, '', '', ...target];
  return [
    `  ${name}`,
    withSpread(figures.recorderCpu, figures.recorderCpuSpread),
    ((1e6 * figures.recorderCpu) / figures.samples).toFixed(1),
    formatBytes(figures.recorderPeak),
    ...target,
    formatCount(figures.samples),
    formatCount(figures.lost),
    formatBytes(figures.bytes),
  ];
}

/** Ours in terms of perf's. */
function ratioRow(ours: Figures, perf: Figures): string[] {
  const of = (value: (figures: Figures) => number): string => ratio(value(ours), value(perf));
  return [
    '    to perf’s',
    of((figures) => figures.recorderCpu),
    of((figures) => figures.recorderCpu / figures.samples),
    of((figures) => figures.recorderPeak),
    '',
    of((figures) => figures.cpuPerWork),
    of((figures) => figures.wallPerWork),
    of((figures) => figures.samples),
    of((figures) => figures.lost),
    of((figures) => figures.bytes),
  ];
}
