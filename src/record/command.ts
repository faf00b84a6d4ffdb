/**
 * Starts the command to be recorded, held before its `exec` until the events are open.
 *
 * Node.js cannot fork, so a shell waits in the command's place: same process, same descriptors, same
 * working folder. It reads one line from descriptor 3, closes it and execs the command.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';

import { StrataError } from '../base/errors.js';

const HOLD = 'IFS= read -r _ <&3; exec 3<&-; exec "$@"';

/** Shells' own exit codes for a command that cannot be started. */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

export interface HeldCommand {
  readonly pid: number;
  /** Lets the command begin. */
  release(): void;
  /** Ends it without having begun. */
  abandon(): void;
  /** Its exit code, or 128 + the number of the signal that ended it. */
  readonly ended: Promise<number>;
  signal(name: NodeJS.Signals): void;
}

/**
 * @param command program and arguments
 * @param environment what the command gets
 * @throws StrataError with the shell's exit codes where there is no such program
 */
export function holdCommand(
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
): HeldCommand {
  checkProgram(command[0], environment.PATH);
  const child = spawn(
    '/bin/sh',
    ['-c', HOLD, 'strata', ...keepOddVariables(environment), ...command],
    { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env: environment },
  );
  if (child.pid === undefined) throw new StrataError('cannot start /bin/sh to hold the command');
  const gate = child.stdio[3] as Writable;
  gate.on('error', () => {
    // The shell was killed while it waited: its end is told by `ended`.
  });
  return {
    pid: child.pid,
    release: () => gate.end('\n'),
    abandon: () => child.kill('SIGKILL'),
    ended: endOf(child),
    signal: (name) => child.kill(name),
  };
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      resolve(signal === null ? (code ?? 0) : 128 + osConstants.signals[signal]);
    });
  });
}

/**
 * A POSIX shell drops variables whose names are no identifiers (exported bash functions are such). Where
 * there are any, `env` sets them again.
 */
function keepOddVariables(environment: NodeJS.ProcessEnv): string[] {
  const odd = Object.entries(environment).filter(([name]) => !/^[A-Za-z_]\w*$/.test(name));
  return odd.length === 0
    ? []
    : ['/usr/bin/env', ...odd.map(([name, value]) => `${name}=${value}`)];
}

/** Finds the program as `execvp` would, so that its absence is told before anything is started. */
function checkProgram(name: string, path = '/usr/local/bin:/usr/bin:/bin'): void {
  if (name.includes('/')) {
    const problem = whyNotExecutable(name);
    if (problem === undefined) return;
    throw new StrataError(`cannot run ${name}: ${problem.reason}`, undefined, problem.exitCode);
  }
  const found = path
    .split(delimiter)
    .some((folder) => whyNotExecutable(join(folder || '.', name)) === undefined);
  if (!found) {
    throw new StrataError(`cannot run ${name}: no such program in PATH`, undefined, NOT_FOUND);
  }
}

function whyNotExecutable(file: string): { reason: string; exitCode: number } | undefined {
  try {
    if (statSync(file).isDirectory()) {
      return { reason: 'it is a directory', exitCode: NOT_EXECUTABLE };
    }
  } catch {
    return { reason: 'no such file', exitCode: NOT_FOUND };
  }
  try {
    accessSync(file, constants.X_OK);
  } catch {
    return { reason: 'permission denied', exitCode: NOT_EXECUTABLE };
  }
  return undefined;
}
