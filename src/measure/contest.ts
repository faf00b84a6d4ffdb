/** Repeated runs of one or more contestants, in turns. */
import { StrataError } from '../base/errors.js';
import type { Nanoseconds } from '../base/units.js';
import type { Signalled } from '../linux/signals.js';
import { launch } from './launch.js';
import { autorange, measureStatement, type Statement, type Surroundings } from './statement.js';

/** What is run: a command, by a shell where it was told as text that takes one; or a Python statement. */
export type Subject =
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly text: string }
  | ({ readonly kind: 'statement' } & Statement);

export interface Run {
  /** Of all loops together; of a command from its `exec` to its end. */
  readonly real: Nanoseconds;
  /** CPU time, user and system. */
  readonly cpu: Nanoseconds;
  /** A command's exit code. */
  readonly code?: number;
  /** The version of a statement's interpreter. */
  readonly version?: string;
}

/** A subject with what was measured of it. */
export interface Contestant {
  readonly subject: Subject;
  /** Executions per run; 1 of a command. */
  loops: number;
  readonly runs: Run[];
}

export interface ContestOptions {
  /** Executions of a statement per run; found out where absent. */
  readonly loops?: number;
  /** Runs of each; where absent, {@link enough} decides. */
  readonly rounds?: number;
  /** Runs of a command beforehand, or executions of a statement before each run, that do not count. */
  readonly warmup: number;
  /** A shell's command before each run of a command. */
  readonly prepare?: string;
  readonly ignoreFailure: boolean;
  readonly showOutput: boolean;
}

/** Of whom the contest is told: who runs now, and what has been done. */
export interface Spectator {
  readonly started: (process: Signalled) => void;
  /** Whether to end: nothing more is started. */
  readonly stopped: () => boolean;
  /** After each run; `rounds` is 0 where it is not known yet. */
  readonly progress: (done: number, rounds: number) => void;
}

/** A command's runs where nobody said how many: so many, and as many as fit into the time. */
const FEWEST_RUNS = 10;
const MOST_RUNS = 1000;
const ENOUGH_NS = 3e9;
/** A statement's, alone as by `timeit` and in comparison. */
const STATEMENT_RUNS = 5;
const COMPARED_RUNS = 10;

/**
 * Runs the contestants in rounds: forward, then backward. What slows the machine down or speeds it up meanwhile
 * is then no one's advantage. Each run is a process of its own: what differs from process to process (the place
 * of memory, the seed of hashes) is part of the spread, where one process would make it part of the result.
 *
 * @param contestants get their runs as they are made: they are there also when this is interrupted
 * @throws StrataError where a command fails that must not, or code does
 */
export async function runContest(
  contestants: readonly Contestant[],
  options: ContestOptions,
  spectator: Spectator,
): Promise<void> {
  try {
    await runRounds(contestants, options, spectator);
  } catch (error) {
    // What was interrupted may fail.
    if (!spectator.stopped()) throw error;
  }
}

async function runRounds(
  contestants: readonly Contestant[],
  options: ContestOptions,
  spectator: Spectator,
): Promise<void> {
  const surroundings: Surroundings = {
    showOutput: options.showOutput,
    started: spectator.started,
  };
  for (const contestant of contestants) {
    if (spectator.stopped()) return;
    await warmUp(contestant, options, surroundings);
  }
  const rounds = options.rounds ?? roundsOf(contestants);
  let spent = 0;
  for (let round = 0; !enough(round, rounds, spent / contestants.length); round++) {
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of order) {
      if (spectator.stopped()) return;
      const run = await runOnce(contestant, options, surroundings);
      // A run that was interrupted is none.
      if (spectator.stopped()) return;
      contestant.runs.push(run);
      spent += run.real;
    }
    spectator.progress(round + 1, rounds ?? 0);
  }
}

/** How many rounds there are to be; `undefined` of commands, whose duration decides. */
function roundsOf(contestants: readonly Contestant[]): number | undefined {
  if (contestants[0].subject.kind === 'command') return undefined;
  return contestants.length === 1 ? STATEMENT_RUNS : COMPARED_RUNS;
}

function enough(done: number, rounds: number | undefined, spent: Nanoseconds): boolean {
  if (rounds !== undefined) return done >= rounds;
  return done >= MOST_RUNS || (done >= FEWEST_RUNS && spent >= ENOUGH_NS);
}

async function warmUp(
  contestant: Contestant,
  options: ContestOptions,
  surroundings: Surroundings,
): Promise<void> {
  const { subject } = contestant;
  if (subject.kind === 'command') {
    for (let i = 0; i < options.warmup; i++) await runOnce(contestant, options, surroundings);
  } else if (options.loops === undefined) {
    contestant.loops = await autorange(subject, surroundings);
  } else {
    contestant.loops = options.loops;
  }
}

async function runOnce(
  { subject, loops }: Contestant,
  options: ContestOptions,
  surroundings: Surroundings,
): Promise<Run> {
  if (subject.kind === 'statement') {
    return measureStatement(subject, loops, options.warmup, surroundings);
  }
  const { prepare, ignoreFailure } = options;
  if (prepare !== undefined) {
    const code = (await runCommand(['sh', '-c', prepare], surroundings)).code;
    if (code !== 0) throw failure('the preparing command', code);
  }
  const run = await runCommand(subject.command, surroundings);
  if (run.code !== 0 && !ignoreFailure) throw failure(subject.text, run.code);
  return run;
}

function failure(what: string, code: number): StrataError {
  return new StrataError(
    `${what} failed with exit code ${code}`,
    '--show-output shows what it wrote; -i goes on',
  );
}

async function runCommand(
  command: readonly string[],
  { showOutput, started }: Surroundings,
): Promise<Run & { code: number }> {
  const output = showOutput ? 'inherit' : 'ignore';
  const running = await launch(command, { stdio: ['ignore', output, output] });
  started(running);
  const { real, usage, code } = await running.ended;
  return { real, cpu: usage.user + usage.system, code };
}
