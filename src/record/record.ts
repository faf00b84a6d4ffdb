/**
 * `strata record`: runs a command, samples it, and writes a perf.data file with whole stacks.
 *
 *   this thread        starts the command, passes signals on, tells progress
 *   draining thread    kernel's ring buffers ──▶ queue        (drain-worker)
 *   unwinding thread   queue ──▶ time order ──▶ unwinder ──▶ file   (unwind-worker)
 */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { Worker } from 'node:worker_threads';

import { ExitCode } from '../base/errors.js';
import {
  findProgram,
  inheritedDescriptors,
  startCommand,
  type RunningCommand,
} from '../linux/command.js';
import { libc } from '../linux/libc.js';
import { catchSignals } from '../linux/signals.js';
import type { DrainWorkerData } from './drain-worker.js';
import { openEvents, type OpenedEvents } from './open-events.js';
import type { RecordOptions } from './options.js';
import { createOutput } from './output.js';
import { copiesStack, isUnwound } from './sample-layout.js';
import { resolveTarget } from './targets.js';
import { existingPerfMaps } from './perf-maps.js';
import { showProgress, summaryLines } from './summary.js';
import { createStackTops } from './stack-tops.js';
import { createQueue, tellKernelLost, type SharedQueue } from './transfer.js';
import type { RecordingResult, UnwindWorkerData } from './unwind-worker.js';

/** What the queue between the threads holds: what drains faster than it is unwound waits here. */
const QUEUE_SIZE = 64 * 1024 * 1024;

const EFD_CLOEXEC = 0o2000000;

/**
 * Records one command.
 * @returns its own exit code, or 128 + the signal that ended it; 1 where the recording itself failed
 * @throws StrataError where it cannot begin
 */
export async function runRecord(options: RecordOptions, program = 'strata'): Promise<number> {
  const descriptors = inheritedDescriptors();
  const environment = environmentOf(options);
  findProgram(options.command[0], environment.PATH);
  const opened = openEvents(options, resolveTarget(options.target));
  const output = createOutput(options.output);
  if (options.verbosity > 0) {
    const { rings, frequency } = opened;
    say(
      `${eventNames(opened)} at ${frequency} Hz on ${rings.length} CPUs, ` +
        `${rings[0].dataSize / 1024} KiB of buffer each`,
    );
  }

  const recording = startRecording(options, opened, output.fd, program);
  const signals = catchSignals();
  let command: RunningCommand;
  try {
    await recording.ready;
    command = await startCommand(options.command, environment, descriptors);
  } catch (error) {
    await recording.stop().catch(() => undefined);
    output.discard();
    throw error;
  }
  signals.passTo(command);
  const misnamed = output.keep();
  const hideProgress =
    options.verbosity >= 0 && isatty(2)
      ? showProgress(recording.queue, process.stderr, isatty(1))
      : () => undefined;

  const { ended } = command;
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<'time'>((resolve) => {
    if (options.durationSeconds === undefined) return;
    timer = setTimeout(() => resolve('time'), options.durationSeconds * 1000);
  });
  const first = await Promise.race([ended, timedOut, recording.failed.catch(() => 'failed')]);
  clearTimeout(timer);
  // Where a thread failed this rejects: after the command's own end, which is none of its business.
  const result = await recording.stop().finally(() => (first === 'failed' ? ended : undefined));
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

interface Recording {
  readonly queue: SharedQueue;
  /** The threads wait for records. */
  readonly ready: Promise<unknown>;
  /** Rejects when a thread fails; never resolves. */
  readonly failed: Promise<never>;
  /** Ends sampling and waits for the file to be complete. */
  stop(): Promise<RecordingResult>;
}

function startRecording(
  options: RecordOptions,
  opened: OpenedEvents,
  outputFd: number,
  program: string,
): Recording {
  const queue = createQueue(QUEUE_SIZE);
  const stopFd = libc().eventfd(0, EFD_CLOEXEC);
  const unwinds = opened.events.some(isUnwound);
  const stackTops = createStackTops();
  const drainData: DrainWorkerData = {
    rings: opened.rings,
    queue,
    stopFd,
    dumps: opened.events.some(({ kernelAttr }) => copiesStack(kernelAttr)),
    stackTops,
  };
  const unwindData: UnwindWorkerData = {
    queue,
    outputFd,
    events: opened.events,
    dumps: unwinds,
    stackTops,
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
  const drainer = new Worker(new URL('./drain-worker.js', import.meta.url), {
    workerData: drainData,
  });
  const unwinder = new Worker(new URL('./unwind-worker.js', import.meta.url), {
    workerData: unwindData,
    trackUnmanagedFds: false, // it closes the file that this thread opened
  });
  const ready = once(unwinder, 'message');
  const result = ready.then(() => once(unwinder, 'message')) as Promise<[RecordingResult]>;
  const exits = [once(drainer, 'exit'), once(unwinder, 'exit')];
  const failed = new Promise<never>((_, reject) => {
    drainer.once('error', reject);
    unwinder.once('error', reject);
  });
  // Whoever waits for one of these is told; what nobody waits for any more is no crash.
  for (const promise of [ready, result, failed, ...exits]) promise.catch(() => undefined);
  return {
    queue,
    ready: Promise.all([once(drainer, 'online'), ready]),
    failed,
    stop: async () => {
      opened.disable();
      tellKernelLost(queue, opened.lost());
      libc().write(stopFd, new Uint8Array(new BigUint64Array([1n]).buffer), 8);
      try {
        const [done] = await Promise.race([result, failed]);
        await Promise.all(exits);
        return done;
      } finally {
        await Promise.all([drainer.terminate(), unwinder.terminate()]);
        opened.close();
        libc().close(stopFd);
      }
    },
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
