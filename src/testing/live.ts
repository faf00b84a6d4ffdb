/** Runs of the built program with descriptors, environment and signals of the test's own choosing. */
import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { STRATA } from './cli.js';
import { skipOrFail } from './pythons.js';

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

/** A terminal with a shell's command in it, by tmux. */
export class Terminal {
  private readonly server = mkdtempSync(join(tmpdir(), 'strata-tmux-'));

  /** @returns `undefined` where there is no tmux: the test is skipped */
  static open(t: TestContext, columns: number, cwd: string): Terminal | undefined {
    if (spawnSync('tmux', ['-V']).error !== undefined) {
      skipOrFail(t, 'tmux', 'not installed');
      return undefined;
    }
    const terminal = new Terminal(t);
    const size = ['-x', `${columns}`, '-y', '40'];
    terminal.tmux('-f', '/dev/null', 'new-session', '-d', ...size, '-c', cwd, 'sh');
    return terminal;
  }

  private constructor(t: TestContext) {
    t.after(() => {
      this.tmux('kill-server');
      rmSync(this.server, { recursive: true, force: true });
    });
  }

  /** Types a line. */
  type(line: string): void {
    this.tmux('send-keys', '-l', line);
    this.tmux('send-keys', 'Enter');
  }

  /** Presses a key: `C-c`. */
  press(key: string): void {
    this.tmux('send-keys', key);
  }

  /** The lines on the screen. */
  screen(): string[] {
    return this.tmux('capture-pane', '-p').trimEnd().split('\n');
  }

  async shows(pattern: RegExp): Promise<void> {
    try {
      await until(() => pattern.test(this.screen().join('\n')), `${pattern}`);
    } catch (error) {
      const screen = this.screen().join('\n');
      throw new Error(`the terminal does not show ${pattern}:\n${screen}`, { cause: error });
    }
  }

  private tmux(...argv: string[]): string {
    const { stdout } = spawnSync('tmux', ['-S', join(this.server, 'socket'), ...argv], {
      encoding: 'utf8',
    });
    return stdout;
  }
}
