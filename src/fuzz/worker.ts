/**
 * The thread that reads damaged files, one after another. What it must not do it may do all the same, run
 * for ever or take all memory, so another thread watches it (./watch.ts).
 */
import { parentPort, workerData } from 'node:worker_threads';

import { StrataError } from '../base/errors.js';
import { mutate, type Seed } from './mutate.js';
import { Random } from './random.js';
import type { Target } from './target.js';

/** What a worker is given. */
export interface WorkerInput {
  /** The module that exports `TARGETS`. */
  readonly targets: string;
  readonly format: string;
  readonly seed: number;
  /** Runs to make: from the first up to, but without, the last. */
  readonly from: number;
  readonly to: number;
  /** {@link State}, which the watcher reads. */
  readonly state: SharedArrayBuffer;
  /** Bytes that reading one file may leave allocated outside the heap. */
  readonly memoryLimit: number;
}

/** Words of the shared state. */
export const State = { Run: 0, Refused: 1, Length: 2 } as const;

/** What a worker tells: that a run went wrong. */
export interface WorkerFault {
  readonly run: number;
  readonly kind: 'error' | 'memory';
  readonly text: string;
}

/** The damaged file of a run, the same on every machine. */
export function inputOf(seeds: readonly Seed[], seed: number, run: number): Uint8Array {
  const random = new Random(seed, run);
  return mutate(random.pick(seeds), random);
}

async function work(input: WorkerInput): Promise<void> {
  const { format, seed, from, to, memoryLimit } = input;
  const { TARGETS } = (await import(input.targets)) as { TARGETS: readonly Target[] };
  const target = TARGETS.find((one) => one.format === format);
  if (target === undefined) throw new Error(`no target ${format}`);
  const seeds = target.seeds();
  const state = new Int32Array(input.state);
  let allocated = process.memoryUsage().arrayBuffers;
  for (let run = from; run < to; run++) {
    Atomics.store(state, State.Run, run);
    const bytes = inputOf(seeds, seed, run);
    try {
      target.run(bytes);
    } catch (error) {
      if (error instanceof StrataError) Atomics.add(state, State.Refused, 1);
      else report({ run, kind: 'error', text: textOf(error) });
    }
    const now = process.memoryUsage().arrayBuffers;
    if (now - allocated > memoryLimit) {
      const mebibytes = Math.round((now - allocated) / 1048576);
      report({ run, kind: 'memory', text: `${mebibytes} MiB for ${bytes.length} bytes` });
    }
    allocated = now;
  }
  Atomics.store(state, State.Run, to);
}

function report(fault: WorkerFault): void {
  parentPort?.postMessage(fault);
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

if (parentPort !== null) await work(workerData as WorkerInput);
