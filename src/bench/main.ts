/**
 * `npm run bench`: what recording, reading and starting cost, beside the machine's own `perf`, in one run on
 * one machine. Nothing of it is a test: a figure depends on the machine, and on what else it does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ExitCode, StrataError } from '../base/errors.js';
import { benchDrawing, drawingTable, type DrawingResult } from './drawing.js';
import { chooseInterpreter, describeMachine } from './machine.js';
import { benchIn, whyNoPerf, type Bench } from './measure.js';
import { parseBenchOptions, USAGE, type BenchOptions } from './options.js';
import { benchReading, READING_LEGEND, readingTable, type ReadingResult } from './reading.js';
import {
  benchRecording,
  RECORDING_LEGEND,
  recordingTable,
  type RecordingResult,
} from './recording.js';
import { benchStartup, startupTable, type StartupResult } from './startup.js';
import { ordinaryTarget, threadsTarget } from './targets.js';

interface Results {
  readonly machine: readonly string[];
  /** Why there is nothing of perf. */
  readonly noPerf?: string;
  readonly options: BenchOptions;
  readonly recording: readonly { readonly target: string; readonly results: RecordingResult[] }[];
  readonly reading?: readonly ReadingResult[];
  readonly drawing?: readonly DrawingResult[];
  readonly startup?: readonly StartupResult[];
}

function run(options: BenchOptions): Results {
  const python = chooseInterpreter(options.python);
  const noPerf = whyNoPerf();
  // Ctrl-C ends what is being measured too, which fails, so that the folder's gigabytes do not stay.
  process.once('SIGINT', () => undefined);
  const folder = mkdtempSync(join(tmpdir(), 'strata-bench-'));
  try {
    const bench = benchIn(folder, python);
    const measured = runParts(bench, options, noPerf === undefined);
    const machine = describeMachine(python);
    return { machine, ...(noPerf === undefined ? {} : { noPerf }), options, ...measured };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runParts(
  bench: Bench,
  { parts, repeat, seconds }: BenchOptions,
  perf: boolean,
): Pick<Results, 'recording' | 'reading' | 'drawing' | 'startup'> {
  const has = { perf, repeat };
  const targets = parts.includes('recording') ? [ordinaryTarget(), threadsTarget(seconds)] : [];
  return {
    ...(parts.includes('startup') ? { startup: benchStartup(bench, has) } : {}),
    recording: targets.map((target) => ({
      target: target.name,
      results: benchRecording(bench, target, has),
    })),
    ...(parts.includes('report') ? { reading: benchReading(bench, has) } : {}),
    ...(parts.includes('drawing') ? { drawing: benchDrawing(has) } : {}),
  };
}

function format({
  machine,
  noPerf,
  options,
  recording,
  reading,
  drawing,
  startup,
}: Results): string[] {
  const lines = [...machine, `medians of ${options.repeat}; ±: half of the range of the runs`];
  if (noPerf !== undefined) lines.push(`perf: skipped: ${noPerf}`);
  for (const { target, results } of recording) {
    lines.push('', `Recording ${target}`, '', ...recordingTable(results));
  }
  if (recording.length > 0) lines.push('', ...RECORDING_LEGEND);
  if (reading !== undefined) {
    lines.push('', 'Reading a recording', '', ...readingTable(reading), '', ...READING_LEGEND);
  }
  if (drawing !== undefined) {
    lines.push('', 'Drawing a profile that is loaded', '', ...drawingTable(drawing));
  }
  if (startup !== undefined) lines.push('', 'Starting', '', ...startupTable(startup));
  return lines;
}

function main(argv: readonly string[]): void {
  const options = parseBenchOptions(argv);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const results = run(options);
  const text = options.json ? JSON.stringify(results, null, 2) : format(results).join('\n');
  process.stdout.write(`${text}\n`);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  const hint = error instanceof StrataError && error.hint !== undefined ? `\n${error.hint}` : '';
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}${hint}\n`);
  process.exitCode = error instanceof StrataError ? error.exitCode : ExitCode.Failed;
}
