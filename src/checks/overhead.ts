/**
 * What recording costs a command: its time plain, with the names of Python functions turned on, and while it
 * is recorded. Runs alternate, so that a machine that grows slower is slower for all three.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ExitCode, StrataError } from '../base/errors.js';
import { describeSystemError, FileSource } from '../base/source.js';
import type { Nanoseconds } from '../base/units.js';
import { readPerfData } from '../formats/perfdata/reader.js';
import { readComm, readFork } from '../formats/perfdata/sideband.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { now } from '../linux/clock.js';
import type { Signalled } from '../linux/signals.js';

/** How the command is run. */
export const RUN_KINDS = ['plain', 'named', 'recorded'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

export interface Overhead {
  /** From the command's `exec` to its end, of each run in turn. */
  readonly times: Readonly<Record<RunKind, readonly Nanoseconds[]>>;
  /** What `strata record` took beside, before the command began and after it had ended. */
  readonly recorder: readonly Nanoseconds[];
}

export interface OverheadInput {
  readonly command: readonly string[];
  readonly runs: number;
  readonly env: NodeJS.ProcessEnv;
  /** Program and arguments that are `strata` here. */
  readonly strata: readonly string[];
  /** Told before each run: how many are done, and of how many. */
  readonly onRun?: (done: number, all: number) => void;
  /** Gets each process when it has started. */
  readonly started?: (process: Signalled) => void;
  /** Whether no run is to follow. */
  readonly stopped?: () => boolean;
}

/**
 * Runs a command over and over, without input, throwing its output away.
 * @throws StrataError where it cannot be run, one of its runs fails, or it was stopped
 */
export async function measureOverhead(input: OverheadInput): Promise<Overhead> {
  const { command, runs, strata, onRun } = input;
  const folder = mkdtempSync(join(tmpdir(), 'strata-overhead-'));
  const file = join(folder, 'perf.data');
  const recording = [...strata, 'record', '-q', '-N', '-o', file, '--', ...command];
  const environment = environments(input.env);
  const times: Record<RunKind, Nanoseconds[]> = { plain: [], named: [], recorded: [] };
  const recorder: Nanoseconds[] = [];
  const all = RUN_KINDS.length * runs + 1;
  let done = 0;
  const once = (argv: readonly string[], env: NodeJS.ProcessEnv): Promise<TimedRun> => {
    if (input.stopped?.() === true) throw new StrataError('interrupted');
    onRun?.(done++, all);
    return timeRun(argv, env, input.started);
  };
  try {
    // The first run reads files from the disk that the others find in memory.
    await once(command, environment.plain);
    for (let i = 0; i < runs; i++) {
      times.plain.push((await once(command, environment.plain)).time);
      const named = await once(command, environment.named);
      times.named.push(named.time);
      rmSync(`/tmp/perf-${named.pid}.map`, { force: true });
      const whole = (await once(recording, environment.plain)).time;
      const own = recordedTime(file) ?? whole;
      times.recorded.push(own);
      recorder.push(whole - own);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { times, recorder };
}

function environments(env: NodeJS.ProcessEnv): {
  plain: NodeJS.ProcessEnv;
  named: NodeJS.ProcessEnv;
} {
  const plain = { ...env };
  delete plain['PYTHONPERFSUPPORT'];
  delete plain['PYTHON_PERF_JIT_SUPPORT'];
  return { plain, named: { ...plain, PYTHONPERFSUPPORT: '1' } };
}

interface TimedRun {
  readonly pid: number;
  readonly time: Nanoseconds;
}

/** Of what a failed command wrote last. */
const TAIL = 4096;

async function timeRun(
  [program, ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  started: OverheadInput['started'],
): Promise<TimedRun> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const start = now(); // `spawn` returns once `exec` has succeeded.
  started?.({ signal: (name) => child.kill(name) });
  let tail = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (tail = (tail + text).slice(-TAIL)));
  let end = start;
  child.once('exit', () => (end = now()));
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (code === 0) return { pid: child.pid ?? 0, time: end - start };
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    const last = tail.trim().split('\n').at(-1);
    throw new StrataError(
      `a run of the command ended ${how}${last ? `: ${last}` : ''}`,
      'overhead is measured of a command that succeeds without input',
    );
  } catch (error) {
    if (error instanceof StrataError) throw error;
    throw new StrataError(
      `cannot run ${program}: ${describeSystemError(error)}`,
      undefined,
      ExitCode.Failed,
    );
  }
}

/** From the command's `exec` to its end, by the recording; `undefined` where that does not tell. */
function recordedTime(file: string): Nanoseconds | undefined {
  const source = new FileSource(file);
  try {
    const recording = readPerfData(source);
    const records = recording.records();
    let pid: number | undefined;
    let start = 0;
    let end: Nanoseconds | undefined;
    while (records.next()) {
      if (records.type === PerfRecord.COMM && pid === undefined && records.time > 0) {
        const comm = readComm(records.body(), records.misc);
        if (comm.exec) [pid, start] = [comm.pid, records.time];
      } else if (records.type === PerfRecord.EXIT && pid !== undefined) {
        const ended = readFork(records.body(), records.misc);
        if (ended.pid === pid && ended.tid === pid) end = records.time;
      }
    }
    recording.close();
    return end === undefined ? undefined : end - start;
  } finally {
    source.close();
  }
}
