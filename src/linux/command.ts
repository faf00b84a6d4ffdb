/**
 * Starts the command that is to be observed, as it would be without us: same descriptors, working folder
 * and process group, its environment to the letter, nothing between it and its parent.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';

import { StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';
import { findProgram } from './programs.js';
import { readLink } from './system.js';

/** Shells' own exit codes for a command that cannot be started. */
const NOT_EXECUTABLE = 126;
export const NOT_FOUND = 127;

export interface RunningCommand {
  readonly pid: number;
  /** Its exit code, or 128 + the number of the signal that ended it. */
  readonly ended: Promise<number>;
  signal(name: NodeJS.Signals): void;
}

/** Node.js marks what it was started with above standard error, up to here, to be closed on exec. */
const MARKED_DESCRIPTORS = 16;

/**
 * Descriptors above standard error that this process was started with (`3<file`, a service's sockets), for
 * the command to have, too. To be asked for before anything is opened: then the others are Node.js's own,
 * which are nameless (epoll, eventfd), /dev/null, or pipes of which it holds both ends.
 */
export function inheritedDescriptors(): number[] {
  const all = readdirSync('/proc/self/fd').map(describeDescriptor);
  return Array.from({ length: MARKED_DESCRIPTORS - 3 }, (_, i) => i + 3).filter((fd) => {
    const { target, mode } = describeDescriptor(fd);
    if (target === undefined || target === '/dev/null') return false;
    if (!target.startsWith('pipe:')) return !target.startsWith('anon_inode:');
    return !all.some((other) => other.target === target && other.mode !== mode);
  });
}

/** What a descriptor leads to, and whether it reads or writes. */
function describeDescriptor(fd: string | number): {
  target: string | undefined;
  mode: number | undefined;
} {
  const path = `/proc/self/fd/${fd}`;
  // It may be gone: the listing's own was.
  return { target: readLink(path), mode: lstatSync(path, { throwIfNoEntry: false })?.mode };
}

/** What a command gets: standard input, output and error, and these descriptors under their own numbers. */
export function stdioWith(descriptors: readonly number[]): ('inherit' | 'ignore')[] {
  return Array.from({ length: Math.max(2, ...descriptors) + 1 }, (_, fd) =>
    fd <= 2 || descriptors.includes(fd) ? 'inherit' : 'ignore',
  );
}

/**
 * Starts a command; resolves once its `exec` has succeeded.
 * @param command program and arguments
 * @param environment what the command gets
 * @param descriptors what it gets besides standard input, output and error
 * @throws StrataError with the shell's exit codes where the program cannot be run
 */
export async function startCommand(
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
  descriptors: readonly number[],
): Promise<RunningCommand> {
  const [program, ...args] = command;
  try {
    const child = spawn(program, args, { stdio: stdioWith(descriptors), env: environment });
    const ended = new Promise<number>((resolve) => {
      child.once('exit', (code, signal) => {
        resolve(signal === null ? (code ?? 0) : 128 + osConstants.signals[signal]);
      });
    });
    await once(child, 'spawn');
    return { pid: child.pid ?? 0, ended, signal: (name) => child.kill(name) };
  } catch (error) {
    throw cannotRun(program, error);
  }
}

/** @param error what came of the `exec` of a program that {@link requireProgram} found */
export function cannotRun(program: string, error: unknown): StrataError {
  // The file is there: what its first line names is not.
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return new StrataError(
    `cannot run ${program}: ${missing ? 'its interpreter is missing' : describeSystemError(error)}`,
    undefined,
    missing ? NOT_FOUND : NOT_EXECUTABLE,
  );
}

/**
 * Finds the program as `execvp` would, so that its absence is told before anything is started.
 * @returns what to execute: a path
 * @throws StrataError with the shell's exit codes
 */
export function requireProgram(name: string, path: string | undefined): string {
  const found = findProgram(name, path, process.cwd());
  // A script sees the path that it is executed by: it stays as it was written.
  if (found !== undefined) return name.includes('/') ? name : found;
  if (!name.includes('/')) {
    throw new StrataError(`cannot run ${name}: no such program in PATH`, undefined, NOT_FOUND);
  }
  throw cannotFind(name);
}

function cannotFind(path: string): StrataError {
  try {
    const reason = statSync(path).isDirectory() ? 'it is a directory' : 'permission denied';
    return new StrataError(`cannot run ${path}: ${reason}`, undefined, NOT_EXECUTABLE);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'no such file' : describeSystemError(error);
    return new StrataError(
      `cannot run ${path}: ${reason}`,
      undefined,
      missing ? NOT_FOUND : NOT_EXECUTABLE,
    );
  }
}
