/** Starts a command so that what it takes can be told from what we take ourselves. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

import { StrataError } from '../base/errors.js';
import type { Nanoseconds } from '../base/units.js';
import { now } from '../linux/clock.js';
import { cannotRun, requireProgram } from '../linux/command.js';
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
  /** When its `exec` was, CLOCK_MONOTONIC. */
  readonly started: Nanoseconds;
  readonly ended: Promise<MeasuredRun>;
}

/** What a command gets as standard input, output and error, and beyond: descriptors of ours, or nothing. */
export type Stdio = readonly ('inherit' | 'ignore' | number)[];

export interface LaunchOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly stdio?: Stdio;
  /**
   * Called with the process that waits to become the command: what throws here keeps it from that. Twice for
   * a script whose first line names no interpreter, as a shell has to be started for it.
   */
  readonly beforeExec?: (pid: number) => void;
}

const STANDARD: Stdio = ['inherit', 'inherit', 'inherit'];

/**
 * Starts a command as a child of ours, in our process group; resolves once its `exec` has succeeded.
 * @throws StrataError with the shell's exit codes where the program cannot be run
 */
export async function launch(
  command: readonly string[],
  options: LaunchOptions = {},
): Promise<Launched> {
  const path = requireProgram(command[0], (options.environment ?? process.env)['PATH']);
  try {
    return await start(path, command, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof StrataError || code === undefined) throw error;
    // What `execvp` does with a script whose first line names no interpreter.
    if (code === 'ENOEXEC') {
      return start('/bin/sh', ['sh', path, ...command.slice(1)], options);
    }
    throw cannotRun(command[0], error);
  }
}

/** Runs the starter. @throws Error with the `code` that the `exec` failed with */
async function start(
  path: string,
  command: readonly string[],
  { environment = process.env, stdio = STANDARD, beforeExec }: LaunchOptions,
): Promise<Launched> {
  const descriptor = stdio.length;
  const argv = [String.fromCharCode(48 + descriptor), path, ...command];
  const starter = await withStarter(async (file) => {
    const child = spawn(file, argv, { stdio: [...stdio, 'pipe'], env: environment });
    await once(child, 'spawn');
    return child;
  });
  const closed = once(starter, 'close');
  const channel = starter.stdio[descriptor] as Socket;
  const words = wordsOf(channel);
  const pid = await words.next();
  if (pid === 0) {
    throw new StrataError(`cannot run ${command[0]}: no process can be made for it`);
  }
  let running = true;
  const child = waitForChild(pid).finally(() => (running = false));
  const gone = async (): Promise<EndedChild> => {
    channel.destroy();
    await closed;
    return child;
  };
  try {
    beforeExec?.(pid);
  } catch (error) {
    await gone();
    throw error;
  }
  channel.write('\n');
  // Of a child that is killed before it looks at the clock nothing is told.
  const seconds = await words.next();
  const started = seconds === 0 ? now() : seconds * 1e9 + (await words.next());
  const result = seconds === 0 ? 0 : await words.next();
  if (result < 0) {
    await gone();
    const found = Object.entries(constants.errno).find(([, value]) => value === -result);
    throw Object.assign(new Error(`errno ${-result}`), { code: found?.[0] ?? 'EIO' });
  }
  const measure = async (): Promise<MeasuredRun> => {
    const seconds = await words.next();
    const end = seconds === 0 ? undefined : seconds * 1e9 + (await words.next());
    const ended = await child;
    // Of an end that was not told, as the starter was killed, we have heard just now.
    const real = (end ?? now()) - started;
    await gone();
    return { ...ended, real };
  };
  return {
    pid,
    started,
    ended: measure(),
    signal: (name) => {
      if (running) process.kill(pid, name);
    },
  };
}

/** The 64-bit words that come through a socket; zeros from its end on. */
function wordsOf(socket: Socket): { next(): Promise<number> } {
  const words = (async function* () {
    try {
      let rest = Buffer.alloc(0);
      for await (const piece of socket as AsyncIterable<Buffer>) {
        rest = Buffer.concat([rest, piece]);
        for (; rest.length >= 8; rest = rest.subarray(8)) yield Number(rest.readBigInt64LE());
      }
    } catch {
      // The other end was killed while something was on the way to it.
    }
  })();
  return { next: async () => (await words.next()).value ?? 0 };
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
