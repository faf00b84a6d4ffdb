/** Runs a worker, and counts what it may not do: other errors than ours, hangs, memory without bound. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { Target } from './target.js';
import { inputOf, State, type WorkerFault, type WorkerInput } from './worker.js';

export interface FuzzOptions {
  /** The module that exports `TARGETS`. */
  readonly targets: URL;
  readonly format: string;
  readonly runs: number;
  readonly seed: number;
  /** The first run: others than 0 repeat a part. */
  readonly from: number;
  /** Where inputs that made a fault are saved. */
  readonly folder: string;
  /** What one run may take, in CPU time of the process: a busy machine is no hang. */
  readonly limitMs?: number;
  /** Of the worker's JavaScript heap, in MiB. */
  readonly heapLimit?: number;
  /** Called now and then with the number of runs made. */
  readonly onProgress?: (runs: number) => void;
}

export interface Fault {
  readonly format: string;
  readonly seed: number;
  readonly run: number;
  readonly kind: 'error' | 'memory' | 'hang' | 'crash';
  readonly text: string;
  /** The saved input. */
  readonly path: string;
}

export interface FuzzResult {
  readonly runs: number;
  /** Runs that ended with one of the program's own errors. */
  readonly refused: number;
  readonly faults: readonly Fault[];
}

const LIMIT_MS = 5000;
/** A thread that waits takes no CPU time. */
const WALL_FACTOR = 12;
const POLL_MS = 100;
const HEAP_LIMIT = 512;
const MEMORY_LIMIT = 256 << 20;
/** After so many faults the rest would only take time. */
const MOST_FAULTS = 20;

/** Makes the runs, one after another; what fails is saved and told, and the others go on. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { format, seed, runs, from, folder } = options;
  const { TARGETS } = (await import(options.targets.href)) as { TARGETS: readonly Target[] };
  const seeds = TARGETS.find((one) => one.format === format)?.seeds() ?? [];
  const state = new SharedArrayBuffer(State.Length * Int32Array.BYTES_PER_ELEMENT);
  const words = new Int32Array(state);
  const faults: Fault[] = [];
  const add = ({ run, kind, text }: Pick<Fault, 'run' | 'kind' | 'text'>): void => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${format}-${seed}-${run}`);
    writeFileSync(path, inputOf(seeds, seed, run));
    faults.push({ format, seed, run, kind, text, path });
  };

  let next = from;
  const end = from + runs;
  while (next < end && faults.length < MOST_FAULTS) {
    Atomics.store(words, State.Run, next);
    const input: WorkerInput = {
      ...{ targets: options.targets.href, format, seed, from: next, to: end, state },
      memoryLimit: MEMORY_LIMIT,
    };
    const death = await watch(input, options, add);
    const run = Atomics.load(words, State.Run);
    if (death !== undefined) add({ run, ...death });
    next = run + 1;
  }
  const made = Math.min(next, end) - from;
  return { runs: made, refused: Atomics.load(words, State.Refused), faults };
}

/** Why the worker ended early; `undefined` where it made all its runs. */
type Death = Pick<Fault, 'kind' | 'text'> | undefined;

function watch(
  input: WorkerInput,
  { limitMs = LIMIT_MS, heapLimit = HEAP_LIMIT, onProgress }: FuzzOptions,
  onFault: (fault: WorkerFault) => void,
): Promise<Death> {
  const words = new Int32Array(input.state);
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: input,
    resourceLimits: { maxOldGenerationSizeMb: heapLimit },
  });
  let last = { run: -1, cpu: 0, wall: 0 };
  let death: Death;
  const timer = setInterval(() => {
    const run = Atomics.load(words, State.Run);
    const { user, system } = process.cpuUsage();
    const now = { run, cpu: (user + system) / 1000, wall: performance.now() };
    if (run !== last.run) {
      last = now;
      onProgress?.(run - input.from);
    } else if (now.cpu - last.cpu > limitMs || now.wall - last.wall > limitMs * WALL_FACTOR) {
      death ??= { kind: 'hang', text: `more than ${limitMs} ms` };
      void worker.terminate();
    }
  }, POLL_MS);
  return new Promise((resolve) => {
    worker.on('message', onFault);
    worker.on('error', (error) => {
      death ??= { kind: 'crash', text: error.stack ?? error.message };
    });
    worker.on('exit', () => {
      clearInterval(timer);
      resolve(death);
    });
  });
}
