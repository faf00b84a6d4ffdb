/**
 * `strata record`: runs a command, samples it, and writes a perf.data file with whole stacks.
 *
 * This thread starts the command, passes signals on and tells progress; two others do the work (threads).
 */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

import { ExitCode } from '../base/errors.js';
import {
  findProgram,
  inheritedDescriptors,
  startCommand,
  type RunningCommand,
} from '../linux/command.js';
import { catchSignals } from '../linux/signals.js';
import { openEvents, type OpenedEvents } from './open-events.js';
import type { RecordOptions } from './options.js';
import type { RecordingResult } from './file-writer.js';
import { createOutput, type NewOutput } from './output.js';
import { resolveTarget } from './targets.js';
import { existingPerfMaps } from './perf-maps.js';
import { showProgress, summaryLines } from './summary.js';
import { startThreads, type RecorderThreads, type RecordingSetup } from './threads.js';

/**
 * Records one command.
 * @returns its own exit code, or 128 + the signal that ended it; 1 where the recording itself failed
 * @throws StrataError where it cannot begin
 */
export async function runRecord(options: RecordOptions, program = 'strata'): Promise<number> {
  const descriptors = inheritedDescriptors();
  const environment = environmentOf(options);
  findProgram(options.command[0], environment.PATH);
  const threads = startThreads();
  let opened: OpenedEvents | undefined;
  try {
    opened = openEvents(options, resolveTarget(options.target));
    const output = createOutput(options.output);
    const launch = { environment, descriptors };
    return await recordCommand(options, program, launch, threads, opened, output);
  } finally {
    await threads.abandon();
    opened?.close();
  }
}

async function recordCommand(
  options: RecordOptions,
  program: string,
  launch: { environment: NodeJS.ProcessEnv; descriptors: readonly number[] },
  threads: RecorderThreads,
  opened: OpenedEvents,
  output: NewOutput,
): Promise<number> {
  if (options.verbosity > 0) {
    const { rings, frequency } = opened;
    say(
      `${eventNames(opened)} at ${frequency} Hz on ${rings.length} CPUs, ` +
        `${rings[0].dataSize / 1024} KiB of buffer each`,
    );
  }

  const signals = catchSignals();
  let command: RunningCommand;
  try {
    await threads.begin(setupOf(options, opened, output.fd, program));
    command = await startCommand(options.command, launch.environment, launch.descriptors);
  } catch (error) {
    output.discard();
    throw error;
  }
  signals.passTo(command);
  const misnamed = output.keep();
  const hideProgress =
    options.verbosity >= 0 && isatty(2)
      ? showProgress(threads.queue, process.stderr, isatty(1))
      : () => undefined;

  const { ended } = command;
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<'time'>((resolve) => {
    if (options.durationSeconds === undefined) return;
    timer = setTimeout(() => resolve('time'), options.durationSeconds * 1000);
  });
  const first = await Promise.race([ended, timedOut, threads.failed.catch(() => 'failed')]);
  clearTimeout(timer);
  // Where a thread failed this rejects: after the command's own end, which is none of its business.
  opened.disable();
  const result = await threads
    .stop({ lost: opened.lost(), notes: [] })
    .finally(() => (first === 'failed' ? ended : undefined));
  hideProgress();
  if (misnamed !== undefined) say(misnamed);
  if (options.verbosity >= 0 || result.failure !== undefined) report(options, opened, result);
  if (first === 'time' && options.verbosity >= 0) say('sampling has ended; the command goes on');
  const code = await ended;
  signals.release();
  return result.failure === undefined || code !== 0 ? code : ExitCode.Failed;
}

/** The command's environment: ours, with CPython's perf support switched on. */
function environmentOf(options: RecordOptions): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  // A choice that the user made already stays.
  if (options.python === 'auto' && environment.PYTHON_PERF_JIT_SUPPORT === undefined) {
    environment.PYTHONPERFSUPPORT ??= '1';
  }
  return environment;
}

function setupOf(
  options: RecordOptions,
  opened: OpenedEvents,
  fd: number,
  program: string,
): RecordingSetup {
  return {
    rings: opened.rings,
    events: opened.events,
    output: { fd, path: options.output },
    dropOwn: true,
    switchOutput: options.switchOutput,
    commandLine: ['strata', 'record', ...process.argv.slice(3)],
    command: options.command,
    program,
    buildIdCache: options.buildIdCache,
    asksPython: options.python === 'auto',
    mapsBefore:
      options.python === 'auto' && process.env.PYTHONPERFSUPPORT === undefined
        ? existingPerfMaps()
        : undefined,
    notes: opened.notes,
  };
}

function report(options: RecordOptions, opened: OpenedEvents, result: RecordingResult): void {
  const events = eventNames(opened);
  for (const line of summaryLines(result, options.output, events, opened.frequency)) say(line);
  if (result.failure !== undefined) {
    say(`the recording is cut, as ${options.output} could not be written: ${result.failure}`);
  }
}

function eventNames({ events }: OpenedEvents): string {
  const named = events.filter(({ role }) => role !== 'tracker');
  return named.map(({ name }) => name).join(', ');
}

/** Not by `process.stderr`, which would make a pipe that the command writes to, too, non-blocking. */
function say(line: string): void {
  try {
    writeSync(2, `strata: ${line}\n`);
  } catch {
    // Nobody listens.
  }
}
