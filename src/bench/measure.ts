/** Runs programs and tells what each cost. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Bytes } from '../base/units.js';
import { repositoryRoot, STRATA } from '../testing/cli.js';

/** A command that takes longer is ended. */
export const TIMEOUT_SECONDS = 300;

/** The Python programs of the benchmark; the compiler leaves them where they are. */
export const PROGRAMS = join(repositoryRoot(), 'src', 'bench', 'programs');

/** What a command cost, in seconds where no unit is named. */
export interface Cost {
  readonly wall: number;
  /** CPU time of the process itself, all its threads, without its children. */
  readonly user: number;
  readonly system: number;
  /** CPU time of the children that it waited for. */
  readonly children: number;
  /** The most memory that was resident, of the process or its largest child. */
  readonly peak: Bytes;
  /** Negative where a signal ended it. */
  readonly code: number;
  /** Whether it was ended after {@link TIMEOUT_SECONDS}. */
  readonly timedOut: boolean;
}

/** Where a run takes place: its files, and the interpreter that measures. */
export interface Bench {
  readonly folder: string;
  readonly python: string;
  readonly strata: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

export function benchIn(folder: string, python: string): Bench {
  // Both recorders keep copies of names below HOME (perf's build-ID cache): not in the user's own.
  const environment: NodeJS.ProcessEnv = { ...process.env, HOME: folder, NO_COLOR: '1' };
  delete environment.PYTHONPERFSUPPORT;
  delete environment.PYTHON_PERF_JIT_SUPPORT;
  // Node.js 20 parses these certificates whenever it starts, for 0.1 s: a setting, not a cost of ours.
  delete environment.NODE_EXTRA_CA_CERTS;
  return { folder, python, strata: [process.execPath, STRATA], environment };
}

/**
 * Runs a command to its end; its output is thrown away.
 * @throws Error with what it said where it fails (taking too long is no failure, but a result)
 */
export function measure(bench: Bench, command: readonly string[]): Cost {
  const result = join(bench.folder, 'measured.json');
  const said = join(bench.folder, 'said.txt');
  const output = openSync('/dev/null', 'w');
  const errors = openSync(said, 'w');
  // A small program in between: a process that starts out as a copy of ours would have our peak of memory.
  const launcher = [join(PROGRAMS, 'measure.py'), result, String(TIMEOUT_SECONDS)];
  const { status } = spawnSync(bench.python, ['-I', '-S', ...launcher, ...command], {
    cwd: bench.folder,
    env: bench.environment,
    stdio: ['ignore', output, errors],
  });
  closeSync(output);
  closeSync(errors);
  if (status !== 0) throw failure(command, `measure.py exited with ${status}`, said);
  const cost = JSON.parse(readFileSync(result, 'utf8')) as Cost;
  if (cost.code !== 0 && !cost.timedOut) throw failure(command, `exited with ${cost.code}`, said);
  return cost;
}

function failure(command: readonly string[], what: string, said: string): Error {
  return new Error(`${command.join(' ')}: ${what}\n${readFileSync(said, 'utf8').slice(-2000)}`);
}

/** CPU time of a run and of the processes that it started. */
export function cpuOf(cost: Cost): number {
  return cost.user + cost.system + cost.children;
}

/** Tells what runs now, on standard error: a benchmark takes minutes. */
export function tell(what: string): void {
  process.stderr.write(`bench: ${what}\n`);
}

/** Why `perf` cannot be compared with; `undefined` where it can. */
export function whyNoPerf(): string | undefined {
  const { error, status, stderr } = spawnSync(
    'perf',
    ['record', '-q', '-e', 'cpu-clock', '-o', '/dev/null', '--', 'true'],
    { encoding: 'utf8' },
  );
  if (error !== undefined) return 'perf is not installed';
  if (status !== 0) return `perf may not record: ${stderr.trim().split('\n')[0]}`;
  return undefined;
}
