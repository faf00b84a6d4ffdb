/** Starts a command so that what it takes can be told from what we take ourselves. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

import { StrataError } from '../base/errors.js';
import type { Nanoseconds } from '../base/units.js';
import { describeSystemError } from '../base/source.js';
import { requireProgram } from '../linux/command.js';
import { libc } from '../linux/libc.js';
import { waitForChild, type EndedChild } from '../linux/rusage.js';
import type { Signalled } from '../linux/signals.js';
import { starterProgram } from './starter.js';

export interface MeasuredRun extends EndedChild {
  /** From right before its `exec` to its end. */
  readonly real: Nanoseconds;
}

export interface Launched extends Signalled {
  readonly pid: number;
  readonly ended: Promise<MeasuredRun>;
}

export interface LaunchOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** What the command gets as standard input, output and error, and beyond: descriptors of ours, or nothing. */
  readonly stdio?: readonly ('inherit' | 'ignore' | number)[];
}

const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

/**
 * Starts a command as a child of ours, in our process group; resolves once its `exec` has succeeded.
 * @throws StrataError with the shell's exit codes where the program cannot be run
 */
export async function launch(
  command: readonly string[],
  { environment = process.env, stdio = ['inherit', 'inherit', 'inherit'] }: LaunchOptions = {},
): Promise<Launched> {
  const path = requireProgram(command[0], environment['PATH']);
  try {
    return await start(path, command, environment, stdio);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof StrataError || code === undefined) throw error;
    // What `execvp` does with a script whose first line names no interpreter.
    if (code === 'ENOEXEC') {
      return start('/bin/sh', ['sh', path, ...command.slice(1)], environment, stdio);
    }
    // The file is there, as `requireProgram` found: what its first line names is not.
    const missing = code === 'ENOENT';
    throw new StrataError(
      `cannot run ${command[0]}: ${missing ? 'its interpreter is missing' : describeSystemError(error)}`,
      undefined,
      missing ? NOT_FOUND : NOT_EXECUTABLE,
    );
  }
}

/** Runs the starter. @throws Error with the `code` that the `exec` failed with */
async function start(
  path: string,
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
  stdio: NonNullable<LaunchOptions['stdio']>,
): Promise<Launched> {
  const descriptor = stdio.length;
  const argv = [String.fromCharCode(48 + descriptor), path, ...command];
  const starter = await withStarter(async (file) => {
    const child = spawn(file, argv, { stdio: [...stdio, 'pipe'], env: environment });
    await once(child, 'spawn');
    return child;
  });
  /** Seconds, nanoseconds, process ID, and at the end seconds, nanoseconds; see the starter. */
  const words: number[] = [];
  const closed = once(starter, 'close');
  const pid = await new Promise<number>((resolve, reject) => {
    let told = Buffer.alloc(0);
    const take = (piece: Buffer): void => {
      told = Buffer.concat([told, piece]);
      for (; told.length >= 8; told = told.subarray(8)) words.push(Number(told.readBigInt64LE()));
      const pid = words.slice(2).find((word) => word > 0);
      if (pid !== undefined) resolve(pid);
    };
    starter.stdio[descriptor]?.on('data', take);
    starter.once('close', () => {
      reject(new StrataError(`cannot run ${command[0]}: no process can be made for it`));
    });
  });
  let running = true;
  const ended = Promise.all([waitForChild(pid), closed]).then(([end]) => {
    running = false;
    const started = words[0] * 1e9 + words[1];
    // Of an end that was not told, as the starter was killed, we have heard just now.
    const told = words.length >= 5;
    return {
      ...end,
      real: (told ? words[3] * 1e9 + words[4] : Number(process.hrtime.bigint())) - started,
    };
  });
  if (words[2] < 0) {
    await ended;
    const number = -words[2];
    const found = Object.entries(constants.errno).find(([, value]) => value === number);
    throw Object.assign(new Error(`errno ${number}`), { code: found?.[0] ?? 'EIO' });
  }
  return {
    pid,
    ended,
    signal: (name) => {
      if (running) process.kill(pid, name);
    },
  };
}

/** Flags of memfd_create(2); Linux before 6.3 knows no MFD_EXEC and executes without. */
const MFD_CLOEXEC = 1;
const MFD_EXEC = 0x10;

/** Hands over the starter's path: a file in memory or, where those may not be executed, a temporary one. */
async function withStarter<T>(use: (path: string) => Promise<T>): Promise<T> {
  const program = starterProgram(process.arch === 'arm64' ? 'arm64' : 'x64');
  const c = libc();
  let fd = c.memfdCreate('strata-starter', MFD_CLOEXEC | MFD_EXEC);
  if (fd < 0) fd = c.memfdCreate('strata-starter', MFD_CLOEXEC);
  if (fd >= 0) {
    try {
      writeSync(fd, program);
      return await use(`/proc/${process.pid}/fd/${fd}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    } finally {
      closeSync(fd);
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'strata-starter-'));
  const file = join(folder, 'starter');
  try {
    writeFileSync(file, program, { mode: 0o700 });
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
