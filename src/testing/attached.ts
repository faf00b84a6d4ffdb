/** Programs that run already when they are recorded. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

import { startStrata, until, type LiveRun } from './live.js';
import type { Python } from './pythons.js';
import { Recording, type Workplace } from './recordings.js';

/** A program that was started by a test, and ends with it. */
export class RunningProgram {
  private readonly lines: AsyncIterator<string>;

  private constructor(readonly child: ChildProcess) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.child.pid!;
  }

  static start(
    t: TestContext,
    [program, ...argv]: readonly string[],
    options: SpawnOptions = {},
  ): RunningProgram {
    const child = spawn(program, argv, { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin?.on('error', () => undefined); // It may have ended.
    t.after(() => {
      child.kill('SIGKILL');
      if (child.pid !== undefined) removeMap(child.pid);
    });
    return new RunningProgram(child);
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    const next = (await this.lines.next()) as IteratorResult<string, undefined>;
    if (next.value === undefined) throw new Error('the program has ended');
    return next.value;
  }

  /** Lets it go on: it reads a line. */
  go(): void {
    this.child.stdin?.write('\n');
  }

  async ended(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'exit');
    }
  }
}

/** A recorder that has attached to something. */
export class Attached {
  private constructor(
    private readonly workplace: Workplace,
    readonly run: LiveRun,
    readonly file: string,
  ) {}

  /** Starts `strata record` with these flags, and waits until it records, or has ended. */
  static async to(workplace: Workplace, name: string, flags: readonly string[]): Promise<Attached> {
    const file = workplace.path(name);
    const env = { ...process.env, ...workplace.environment };
    const argv = ['record', '-v', '-o', file, ...flags];
    const run = startStrata(argv, { cwd: workplace.folder, env });
    const hasEnded = (): boolean => run.child.exitCode !== null || run.child.signalCode !== null;
    await until(() => existsSync(file) || hasEnded(), `${name}: ${run.stderr()}`);
    return new Attached(workplace, run, file);
  }

  /** Waits for its end, which must be a good one. */
  async finished(): Promise<Recording> {
    const { run, file, workplace } = this;
    const code = await run.ended;
    assert.equal(code, 0, run.stderr());
    return new Recording(workplace, file, { stdout: run.stdout(), stderr: run.stderr(), code });
  }
}

/** Removes the perf map of a program that was recorded only by the way: it is its own, and stays. */
export function removeMap(pid: number): void {
  rmSync(`/tmp/perf-${pid}.map`, { force: true });
}

/** What programs for {@link startPython} may use. */
const PRELUDE = `
import os, sys, threading, time
def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
def tell(*words): print(*words, flush=True)
def wait(): sys.stdin.readline()
`;

/** Starts a Python program with perf support on, which says when it is ready. */
export async function startPython(
  t: TestContext,
  python: Python,
  text: string,
  ...argv: string[]
): Promise<RunningProgram> {
  const env = { ...process.env, PYTHONPERFSUPPORT: '1' };
  const command = [python.path, '-c', PRELUDE + text, ...argv];
  const program = RunningProgram.start(t, command, { env });
  await program.line();
  return program;
}
