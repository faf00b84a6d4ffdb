/** Runs of the built program with descriptors, environment and signals of the test's own choosing. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';

import { STRATA } from './cli.js';

export interface LiveRun {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  stdout(): string;
  stderr(): string;
  /** Exit code, or the signal that ended it, once its output has ended, too. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/**
 * Starts `strata` in a session of its own, so without a terminal.
 * @param options `env` is the whole environment
 */
export function startStrata(
  argv: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; stdio?: StdioOptions; input?: string } = {},
): LiveRun {
  return start([process.execPath, STRATA, ...argv], options);
}

/** As {@link startStrata}, of any program. */
export function start(
  [program, ...argv]: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; stdio?: StdioOptions; input?: string } = {},
): LiveRun {
  const { cwd, env, input } = options;
  const child = spawn(program, argv, {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    stdio: options.stdio ?? [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  if (input !== undefined) child.stdin?.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(
    ([code, signal]) => (signal ?? code) as number | NodeJS.Signals,
  );
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Waits until something is so, at most half a minute. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
