/** `strata time`: runs a command and says what it took. */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';

import { usageError } from '../base/errors.js';
import { inheritedDescriptors, stdioWith } from '../linux/command.js';
import { catchSignals } from '../linux/signals.js';
import { launch, type MeasuredRun, type Stdio } from '../measure/launch.js';
import { ANSI, PLAIN } from '../render/text/style.js';
import { posixTime, writeTime } from '../render/text/time.js';
import type { TimeOptions } from './options/time.js';
import { openOutput, STDERR, writeAll } from './output.js';
import { describeTerminal } from './terminal.js';

/** @returns the command's own exit code, or 128 + the signal that ended it */
export async function time(options: TimeOptions): Promise<number> {
  const { command, output } = options;
  if (command.length === 0) {
    throw usageError('time needs a command to run', 'for example: strata time python app.py');
  }
  const stdio = stdioWith(inheritedDescriptors());
  const fd = output === undefined ? STDERR : openOutput(output, options.append);
  const run = await measure(command, stdio);
  writeAll(fd, describe(run, options), output ?? 'the times');
  if (fd !== STDERR) closeSync(fd);
  return run.code;
}

async function measure(command: readonly string[], stdio: Stdio): Promise<MeasuredRun> {
  const signals = catchSignals();
  try {
    const running = await launch(command, { stdio });
    signals.passTo(running);
    return await running.ended;
  } finally {
    signals.release();
  }
}

function describe(run: MeasuredRun, { format, command, output }: TimeOptions): string {
  if (format === 'posix') return posixTime(run);
  const signal = signalName(run.signal);
  if (format === 'json') return `${JSON.stringify(asJson(run, signal, command), null, 2)}\n`;
  let text = '';
  const { colour, columns } = describeTerminal(output === undefined ? process.stderr : {});
  writeTime(run, signal, colour ? ANSI : PLAIN, (piece) => (text += piece), columns);
  return text;
}

/** Times in nanoseconds, sizes in bytes. */
function asJson(run: MeasuredRun, signal: string | undefined, command: readonly string[]): object {
  const { real, code, usage } = run;
  return {
    command,
    exitCode: code,
    ...(signal === undefined ? {} : { signal }),
    real,
    ...usage,
    cpus: (usage.user + usage.system) / real,
  };
}

function signalName(number: number | undefined): string | undefined {
  if (number === undefined) return undefined;
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `signal ${number}`;
}
