/** `strata timeit`: repeated runs of a command or of Python code, and which of several is faster. */
import { constants } from 'node:os';

import { ExitCode, StrataError, usageError } from '../base/errors.js';
import { NOT_FOUND, requireProgram } from '../linux/command.js';
import { runContest, type Contestant, type Subject } from '../measure/contest.js';
import { shellQuoted, shellWords } from '../measure/shell-words.js';
import { StatementError } from '../measure/statement.js';
import { ANSI, PLAIN } from '../render/text/style.js';
import { timeitJson } from '../render/text/timeit-json.js';
import { writeTimeit } from '../render/text/timeit.js';
import { Interruption } from './interruption.js';
import type { TimeitOptions } from './options/timeit.js';
import { printToStdout } from './output.js';
import { describeTerminal } from './terminal.js';

/**
 * Runs the contest and prints what came of it, also where it is interrupted.
 * @returns 1 where Python code failed, 128 + the signal that interrupted
 * @throws StrataError where a command fails
 */
export async function timeit(options: TimeitOptions): Promise<number> {
  const contestants = subjectsOf(options).map((subject): Contestant => ({
    subject,
    loops: 1,
    runs: [],
  }));
  const interruption = new Interruption();
  const warmup = options.warmup ?? (options.code ? 1 : 0);
  try {
    await runContest(
      contestants,
      { ...options, warmup },
      {
        started: (process) => interruption.watch(process),
        stopped: () => interruption.signal !== undefined,
        progress: showProgress,
      },
    );
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return ExitCode.Failed;
  } finally {
    hideProgress();
    interruption.release();
  }
  const { signal } = interruption;
  report(contestants, options, signal !== undefined);
  return signal === undefined ? ExitCode.Done : 128 + constants.signals[signal];
}

function report(
  contestants: readonly Contestant[],
  { json, unit }: TimeitOptions,
  interrupted: boolean,
): void {
  if (interrupted) {
    const done = Math.max(...contestants.map(({ runs }) => runs.length));
    process.stderr.write(`strata: interrupted; runs so far: ${done}\n`);
  }
  printToStdout((sink) => {
    if (json) {
      sink(`${JSON.stringify(timeitJson(contestants, interrupted), null, 2)}\n`);
    } else {
      const style = describeTerminal().colour ? ANSI : PLAIN;
      writeTimeit(contestants, unit === undefined ? { style } : { style, unit }, sink);
    }
  });
}

/** What is to be run. @throws StrataError for a wrong use, and where a program is missing */
function subjectsOf(options: TimeitOptions): Subject[] {
  const { operands, code, compare, pythons } = options;
  const wrong = (message: string): StrataError => usageError(message, 'see: strata timeit --help');
  if (operands.length === 0) throw wrong('timeit needs a command, or Python code with -c');
  if (operands.some((word) => word.trim() === '')) throw wrong('nothing to run in an empty word');
  if (code && options.prepare !== undefined) throw wrong('--prepare is of commands, -s of code');
  if (!compare) {
    if (pythons.length > 1) throw wrong('several interpreters need --compare');
    return code ? [codeSubject(options, operands.join('\n'), 0)] : [commandSubject(operands)];
  }
  const count = Math.max(operands.length, pythons.length);
  if (count < 2)
    throw wrong('--compare needs two commands, two pieces of code or two interpreters');
  if (operands.length > 1 && pythons.length > 1 && operands.length !== pythons.length) {
    throw wrong('as many pieces of code as interpreters, or one of either');
  }
  return Array.from({ length: count }, (_, i) => {
    const text = operands[operands.length === 1 ? 0 : i];
    if (code) return codeSubject(options, text, i);
    if (text.startsWith('-')) throw wrong(`flags stand before what is compared: ${text}`);
    const words = shellWords(text);
    return words === undefined
      ? { kind: 'command', command: ['sh', '-c', text], text: `sh -c ${shellQuoted(text)}` }
      : commandSubject(words);
  });
}

function codeSubject({ setup, pythons }: TimeitOptions, statement: string, index: number): Subject {
  const python = pythons.length > 1 ? pythons[index] : (pythons.at(0) ?? defaultPython());
  requireProgram(python, process.env['PATH']);
  return { kind: 'statement', python, setup: setup || 'pass', statement };
}

function defaultPython(): string {
  for (const name of ['python3', 'python']) {
    try {
      requireProgram(name, process.env['PATH']);
      return name;
    } catch {
      // The next, then.
    }
  }
  throw new StrataError(
    'neither python3 nor python is in PATH',
    '--python FILE names another interpreter',
    NOT_FOUND,
  );
}

function commandSubject(command: readonly string[]): Subject {
  try {
    requireProgram(command[0], process.env['PATH']);
  } catch (error) {
    if (!(error instanceof StrataError) || command.length > 1) throw error;
    throw new StrataError(error.message, 'Python code is given with -c', error.exitCode);
  }
  return { kind: 'command', command, text: command.map(shellQuoted).join(' ') };
}

/** On a terminal, how far it is. */
function showProgress(done: number, rounds: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\x1b[2Kstrata: ${done}${rounds === 0 ? '' : ` of ${rounds}`} runs\r`);
}

function hideProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}
