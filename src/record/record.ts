/**
 * `strata record`: samples a command, or what runs already, and writes a perf.data file with whole stacks.
 *
 * This thread opens the events, starts the command, switches sampling and tells progress; two others do the
 * work (threads).
 */
import { isatty } from 'node:tty';

import { ExitCode } from '../base/errors.js';
import { formatBytes, plural } from '../base/units.js';
import {
  requireProgram,
  inheritedDescriptors,
  startCommand,
  type RunningCommand,
} from '../linux/command.js';
import { catchSignals } from '../linux/signals.js';
import { warningsForRecord } from '../checks/record-warnings.js';
import { controlCommands } from './control-commands.js';
import { CONTROL_VARIABLES, openControl, type Control } from './control.js';
import { Ending } from './ending.js';
import type { OpenedEvents } from './events/open.js';
import { checkOptions } from './options-check.js';
import type { RecordOptions } from './options.js';
import { withoutNameless } from './processes/python-notes.js';
import { Recording } from './recording.js';
import { say } from './say.js';
import { showProgress, summaryLines } from './summary.js';
import type { RecordingResult } from './unwinding/file-writer.js';

/**
 * Records one target.
 * @returns the command's own exit code, or 128 + the signal that ended it; 0 where there is none; 1 where
 *   the recording itself failed
 * @throws StrataError where it cannot begin
 */
export async function runRecord(options: RecordOptions, program = 'strata'): Promise<number> {
  checkOptions(options);
  const descriptors = inheritedDescriptors();
  const environment = environmentOf(options);
  if (options.command.length > 0) requireProgram(options.command[0], environment.PATH);
  const recording = Recording.open(options, program);
  if (options.verbosity > 0) sayEvents(recording);
  const warned = warn(options, environment);
  const ending = new Ending();
  const signals = catchSignals();
  let control: Control | undefined;
  let command: RunningCommand | undefined;
  try {
    control = listen(options, recording, ending);
    await recording.begin();
    if (options.command.length > 0) {
      const variables = { ...environment, ...control.environment };
      command = await startCommand(options.command, variables, descriptors);
    }
  } catch (error) {
    control?.close();
    await recording.abandon();
    signals.release();
    throw error;
  }
  signals.passTo(command ?? { signal: () => ending.tell('told'), isOurs: true });
  const misnamed = recording.output.keep();
  const hideProgress = beginTelling(options, recording);
  ending.watch(options, recording, command?.ended);

  const how = await ending.come;
  control?.close();
  // Where a thread failed this rejects: after the command's own end, which is none of its business.
  const result = await recording
    .stop()
    .finally(() => (how === 'failed' ? command?.ended : undefined));
  hideProgress();
  if (misnamed !== undefined) say(misnamed);
  if (options.verbosity >= 0 || result.failure !== undefined) {
    tellResult(options, recording.opened, warned ? withoutNameless(result) : result);
  }
  if (command !== undefined && how !== 'command' && options.verbosity >= 0) {
    say('sampling has ended; the command goes on');
  }
  const code = (await command?.ended) ?? ExitCode.Done;
  signals.release();
  return result.failure === undefined || code !== 0 ? code : ExitCode.Failed;
}

/** The command's environment: ours, with CPython's perf support switched on. */
function environmentOf({ python, target }: RecordOptions): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  // A choice that the user made already stays.
  const asks = python === 'auto' && target.kind === 'command';
  if (asks && environment.PYTHON_PERF_JIT_SUPPORT === undefined) {
    environment.PYTHONPERFSUPPORT ??= '1';
  }
  return environment;
}

/** Says what the recording of a command will lack. @returns whether there was anything to say */
function warn(options: RecordOptions, env: NodeJS.ProcessEnv): boolean {
  const { command, target, python, verbosity } = options;
  if (target.kind !== 'command' || python === 'off' || verbosity < 0) return false;
  const warnings = warningsForRecord(command, { env, cwd: process.cwd() });
  for (const warning of warnings) say(warning);
  return warnings.length > 0;
}

/** Lets others switch the recording: by commands, and by SIGUSR2. */
function listen(options: RecordOptions, recording: Recording, ending: Ending): Control {
  const { control, overwrite, switchOutput } = options;
  const onSignal =
    overwrite || switchOutput?.on === 'signal'
      ? () => recording.snapshot()
      : control?.kind === 'signal'
        ? () => recording.toggle()
        : undefined;
  if (onSignal !== undefined) process.on('SIGUSR2', onSignal);
  const closeSignal = (): void => {
    if (onSignal !== undefined) process.off('SIGUSR2', onSignal);
  };
  if (control === undefined || control.kind === 'signal') {
    return { environment: {}, close: closeSignal };
  }
  const commands = openControl(
    control,
    controlCommands({
      enable: () => recording.enable(),
      disable: () => recording.disable(),
      snapshot: () => recording.snapshot(),
      stop: () => ending.tell('told'),
      listEvents: () => recording.listEvents(),
      mark: (line) => recording.mark(line),
    }),
  );
  const isOn = options.delaySeconds !== -1;
  return {
    environment: {
      ...commands.environment,
      ...(isOn ? { [CONTROL_VARIABLES.sampling]: 'on' } : {}),
    },
    close: () => {
      commands.close();
      closeSignal();
    },
  };
}

/** Says what is attached to, and shows progress on a terminal. @returns ends the latter */
function beginTelling(options: RecordOptions, { target, threads }: Recording): () => void {
  if (options.verbosity < 0 || !isatty(2)) return () => undefined;
  if (options.command.length === 0 && options.durationSeconds === undefined) {
    const what = target.systemWide
      ? plural(target.cpus.length, 'CPU')
      : `${plural(target.tids.length, 'thread')} of ${plural(target.pids.length, 'process', 'processes')}`;
    say(`recording ${what}; Ctrl-C ends it`);
  }
  return showProgress(threads.queue, process.stderr, isatty(1) && options.command.length > 0);
}

function sayEvents({ opened, target }: Recording): void {
  const { rings, frequency } = opened;
  const rate = frequency === undefined ? '' : ` at ${frequency} Hz`;
  const size = Math.max(...rings.map(({ dataSize }) => dataSize));
  say(
    `${eventNames(opened)}${rate} on ${plural(target.cpus.length, 'CPU')}, ` +
      `${formatBytes(size)} of buffer each`,
  );
}

function tellResult(options: RecordOptions, opened: OpenedEvents, result: RecordingResult): void {
  for (const line of summaryLines(result, options.output, eventNames(opened), opened.frequency)) {
    say(line);
  }
  if (result.failure !== undefined) {
    say(`the recording is cut, as ${options.output} could not be written: ${result.failure}`);
  }
}

function eventNames({ events }: OpenedEvents): string {
  const named = events.filter(({ role }) => role !== 'tracker');
  return named.map(({ name }) => name).join(', ');
}
