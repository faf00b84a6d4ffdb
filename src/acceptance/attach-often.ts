/**
 * Attaches to a program again and again, and prints what that left behind: what `leaks.test.ts` runs, alone
 * in namespaces of its own, so that whatever is there is its doing.
 *
 *     node attach-often.js TIMES PROGRAM...
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';

import { listProcesses, threadsOf } from '../linux/proc.js';
import { runRecord } from '../record/record.js';
import { RECORD_OPTIONS } from '../testing/record-options.js';

/** What there is at one moment. */
export interface Belongings {
  /** Names below /tmp. */
  readonly files: readonly string[];
  /** How many there are besides the target. */
  readonly processes: number;
  /** Descriptors of the recorder, and its mappings of rings. */
  readonly descriptors: number;
  readonly rings: number;
  readonly target: {
    readonly descriptors: number;
    readonly threads: number;
    readonly mappings: string;
  };
}

export interface AttachedOften {
  readonly before: Belongings;
  readonly after: Belongings;
  readonly exitCodes: readonly number[];
}

function belongings(pid: number): Belongings {
  const read = (path: string): string => readFileSync(path, 'latin1');
  return {
    files: readdirSync('/tmp', { recursive: true }).map(String).sort(),
    processes: listProcesses().filter((one) => one !== pid).length,
    descriptors: readdirSync('/proc/self/fd').length,
    rings: read('/proc/self/maps').match(/\[perf_event\]/g)?.length ?? 0,
    target: {
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      threads: threadsOf(pid).length,
      mappings: read(`/proc/${pid}/maps`),
    },
  };
}

/** Attaches for a hundredth of a second. @returns the exit code */
function attach(pid: number): Promise<number> {
  return runRecord({
    ...RECORD_OPTIONS,
    target: { kind: 'processes', pids: [pid] },
    command: [],
    output: '/tmp/perf.data',
    durationSeconds: 0.01,
    buildIdCache: false, // Files in there are meant to stay.
    verbosity: -1,
  });
}

async function main([times, program, ...argv]: readonly string[]): Promise<void> {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    const result = await attachOften(child.pid ?? -1, Number(times));
    process.stdout.write(JSON.stringify(result));
  } finally {
    child.kill('SIGKILL');
  }
}

async function attachOften(pid: number, times: number): Promise<AttachedOften> {
  // What the first recording loads stays loaded; its file becomes perf.data.old with the second.
  await attach(pid);
  await attach(pid);
  const before = belongings(pid);
  const exitCodes: number[] = [];
  for (let i = 0; i < times; i++) exitCodes.push(await attach(pid));
  return { before, after: belongings(pid), exitCodes };
}

await main(process.argv.slice(2));
