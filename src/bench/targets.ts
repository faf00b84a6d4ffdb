/** The programs that are recorded, and how each recorder is told to. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Bytes } from '../base/units.js';
import { DEFAULT_DUMP_SIZE } from '../record/events/attributes.js';
import { PROGRAMS, type Bench } from './measure.js';

export interface Target {
  readonly name: string;
  readonly program: string;
  /** Rounds of a program with fixed work, seconds of one with fixed time. */
  readonly amount: number;
}

/** What a target says of its own run: seconds, and work in units of its own. */
export interface TargetRun {
  readonly pid: number;
  readonly wall: number;
  readonly cpu: number;
  readonly work: number;
}

/** A way to run a target. */
export interface Contestant {
  readonly name: string;
  /** Absent where nothing records. */
  readonly recorder?: 'strata' | 'perf';
  readonly frequency?: number;
  /** Bytes of stack copied with each sample. */
  readonly stackSize?: Bytes;
  readonly command: (bench: Bench, target: Target, output: string) => string[];
}

/** About three seconds on a machine of today. */
const ORDINARY_ROUNDS = 8_000;

/**
 * Bytes of stack that both copy with each sample: a small size and Strata's default. perf's default, 8192,
 * does not reach the start of the busy threads' stacks.
 */
export const STACK_SIZES: readonly Bytes[] = [16_384, DEFAULT_DUMP_SIZE];

export function ordinaryTarget(): Target {
  return { name: 'an ordinary program', program: 'ordinary.py', amount: ORDINARY_ROUNDS };
}

export function threadsTarget(seconds: number): Target {
  return { name: `two busy threads for ${seconds} s`, program: 'threads.py', amount: seconds };
}

export const PLAIN: Contestant = {
  name: 'plain',
  command: (bench, target) => targetCommand(bench, target),
};

export const TRAMPOLINES: Contestant = {
  name: 'with -X perf',
  command: (bench, target) => targetCommand(bench, target, ['-X', 'perf']),
};

export function perfDwarf(frequency: number, stackSize: Bytes): Contestant {
  const events = ['-F', `${frequency}`, '-e', 'cpu-clock', '-k', '1'];
  return {
    name: 'perf',
    recorder: 'perf',
    frequency,
    stackSize,
    command: (bench, target, output) => [
      ...['perf', 'record', '-q', ...events, '--call-graph', `dwarf,${stackSize}`, '-o', output],
      ...['--', ...targetCommand(bench, target, ['-X', 'perf'])],
    ],
  };
}

/** Stacks are right on an interpreter with frame pointers; what reading costs does not depend on it. */
export function perfFramePointers(frequency: number): Contestant {
  return {
    name: 'perf',
    recorder: 'perf',
    frequency,
    command: (bench, target, output) => [
      ...['perf', 'record', '-q', '-F', `${frequency}`, '-e', 'cpu-clock', '-k', '1', '-g'],
      ...['-o', output, '--', ...targetCommand(bench, target, ['-X', 'perf'])],
    ],
  };
}

export function strataRecord(frequency: number, stackSize: Bytes): Contestant {
  const flags = ['-F', `${frequency}`, '-e', 'cpu-clock', '--call-graph', `dwarf,${stackSize}`];
  return {
    name: 'strata',
    recorder: 'strata',
    frequency,
    stackSize,
    command: (bench, target, output) => [
      ...[...bench.strata, 'record', '-q', ...flags, '-o', output],
      ...['--', ...targetCommand(bench, target)],
    ],
  };
}

function targetCommand(bench: Bench, target: Target, flags: readonly string[] = []): string[] {
  const program = join(PROGRAMS, target.program);
  return [bench.python, ...flags, program, resultOf(bench), String(target.amount)];
}

/** What the target that ran last said of itself. */
export function readTargetRun(bench: Bench): TargetRun {
  return JSON.parse(readFileSync(resultOf(bench), 'utf8')) as TargetRun;
}

function resultOf({ folder }: Bench): string {
  return join(folder, 'target.json');
}

/** Removes the names that CPython left for perf. */
export function removePerfMap(pid: number): void {
  rmSync(`/tmp/perf-${pid}.map`, { force: true });
}
