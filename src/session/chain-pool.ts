/**
 * Unwinding on all of the machine's cores. Each worker plays the whole recording back, which costs little,
 * and unwinds its share of the samples; the reader does so too, keeps a share for itself, and takes the
 * others' chains from them in the order of time, which is the same for all.
 *
 *   samples   0 … 63 │ 64 … 127 │ 128 … 191 │ …
 *   whose     reader │ worker 1 │ reader    │ …       with one worker
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import { newSharedQueue, SharedQueue, type SharedQueueMemory } from '../base/shared-queue.js';
import { FileSource, type ByteSource } from '../base/source.js';
import { Truncation } from '../profile/profile.js';
import type { SymbolOptions } from '../symbolize/options.js';

/** Each takes some 50 MB. */
const MAX_WORKERS = 3;
/** Samples that one thread unwinds in a row. */
const RUN = 64;
/** Words: some thousand chains, so that none waits for another often. */
const QUEUE_WORDS = 1 << 19;
/** After so many milliseconds without a chain the workers are taken for dead. */
const PATIENCE = 20_000;

/** What a worker is told. */
export interface ChainWorkerData {
  readonly path: string;
  readonly symbols: SymbolOptions | undefined;
  readonly recordedBefore: number | undefined;
  readonly queue: SharedQueueMemory;
  /** Its number, from 1, among `threads`, of which the reader is 0. */
  readonly index: number;
  readonly threads: number;
}

/** Which thread unwinds a sample. */
export function threadOf(ordinal: number, threads: number): number {
  return Math.floor(ordinal / RUN) % threads;
}

/** A message's first words: the sample's number, how the chain ends, how many words it has. */
export const MESSAGE_HEAD = 3;
/** In place of how the chain ends: the sample cannot be read. */
export const DAMAGED = -1;

/** The reader's side. */
export class ChainPool {
  /** The chain that was taken last. */
  words = new Int32Array(1 << 10);
  length = 0;
  truncation: Truncation = Truncation.None;
  /** Whether that sample could not be read. */
  isDamaged = false;

  private readonly queues: readonly SharedQueue[];
  private readonly workers: readonly Worker[];
  private readonly head = new Int32Array(MESSAGE_HEAD);
  private isDead = false;

  private constructor(data: Omit<ChainWorkerData, 'queue' | 'index'>) {
    const memories = Array.from({ length: data.threads - 1 }, () => newSharedQueue(QUEUE_WORDS));
    this.queues = memories.map((memory) => new SharedQueue(memory));
    this.workers = memories.map((queue, i) => {
      const workerData: ChainWorkerData = { ...data, queue, index: i + 1 };
      const worker = new Worker(new URL('./chain-worker.js', import.meta.url), { workerData });
      // What fails there is unwound here; nothing waits for a worker's end.
      worker.on('error', () => undefined);
      worker.unref();
      return worker;
    });
  }

  /** A pool for a recording with copied stacks; `undefined` where there can be none. */
  static start(
    source: ByteSource,
    options: Pick<ChainWorkerData, 'symbols' | 'recordedBefore'>,
  ): ChainPool | undefined {
    const workers = Math.min(availableParallelism() - 1, MAX_WORKERS);
    // Threads would ask a server for the same files at the same time.
    const asks = options.symbols?.debuginfod !== undefined;
    if (workers < 1 || asks || !(source instanceof FileSource)) {
      return undefined;
    }
    const { symbols, recordedBefore } = options;
    return new ChainPool({ path: source.name, symbols, recordedBefore, threads: workers + 1 });
  }

  /** Takes the chain of a sample; false where it is the reader's own to unwind. */
  take(ordinal: number): boolean {
    const thread = threadOf(ordinal, this.queues.length + 1);
    if (thread === 0 || this.isDead) return false;
    const queue = this.queues[thread - 1];
    const { head } = this;
    if (!queue.read(head, MESSAGE_HEAD, PATIENCE) || head[0] !== ordinal) return this.giveUp();
    if (head[2] > this.words.length) this.words = new Int32Array(head[2] * 2);
    if (!queue.read(this.words, head[2], PATIENCE)) return this.giveUp();
    this.isDamaged = head[1] === DAMAGED;
    this.truncation = this.isDamaged ? Truncation.None : (head[1] as Truncation);
    this.length = head[2];
    return true;
  }

  close(): void {
    for (const worker of this.workers) void worker.terminate();
  }

  private giveUp(): false {
    this.isDead = true;
    this.close();
    return false;
  }
}
