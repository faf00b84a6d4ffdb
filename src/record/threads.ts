/**
 * The two threads that do the work of a recording:
 *
 *   draining thread    kernel's ring buffers ──▶ queue              (drain-worker)
 *   unwinding thread   queue ──▶ time order ──▶ unwinder ──▶ files   (unwind-worker)
 *
 * They are started before events are opened: threads inherit the events of the one that starts them.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { libc } from '../linux/libc.js';
import type { RingMemory } from '../linux/ring.js';
import type { DrainSetup } from './drain-worker.js';
import { createStackTops } from './draining/stack-tops.js';
import { askToStop, askToSwitch, createQueue, type SharedQueue } from './draining/transfer.js';
import type { ToUnwinder, UnwindMessage, UnwindSetup } from './unwind-worker.js';
import type { FileResult, RecordingEnd, RecordingResult } from './unwinding/file-writer.js';

/** What the queue between the threads holds: what drains faster than it is unwound waits here. */
const QUEUE_SIZE = 64 * 1024 * 1024;

const EFD_CLOEXEC = 0o2000000;

/** What is to be recorded, and where it goes. */
export interface RecordingSetup extends Omit<UnwindSetup, 'queue' | 'stackTops' | 'overwrite'> {
  readonly rings: readonly RingMemory[];
  /** Is called with each file that is complete but for the last. */
  readonly onFile?: (file: FileResult) => void;
}

export interface RecorderThreads {
  /** For the line of progress. */
  readonly queue: SharedQueue;
  /** Rejects when a thread fails; never resolves. */
  readonly failed: Promise<never>;
  /**
   * Begins to drain, and writes what runs already; resolves when that is done. What tells of processes
   * should be enabled before, sampling may be after.
   */
  begin(setup: RecordingSetup): Promise<void>;
  /**
   * Ends the file with what there is now, and begins the next. Of a flight recorder it is the snapshot.
   * @returns the file; `undefined` where none could be written
   */
  switchOutput(): Promise<FileResult | undefined>;
  /** Hands on what the program marked, see RegionMarks. */
  mark(line: string): void;
  /** Takes what the rings still hold, and completes the file. Events must have been disabled. */
  stop(end: RecordingEnd): Promise<RecordingResult>;
  /** Ends the threads, whatever they do. */
  abandon(): Promise<void>;
}

/** Starts the threads, which wait for {@link RecorderThreads.begin}. */
export function startThreads(): RecorderThreads {
  const queue = createQueue(QUEUE_SIZE);
  const stackTops = createStackTops();
  const wakeFd = libc().eventfd(0, EFD_CLOEXEC);
  const drainer = new Worker(new URL('./drain-worker.js', import.meta.url));
  const unwinder = new Worker(new URL('./unwind-worker.js', import.meta.url), {
    trackUnmanagedFds: false, // it closes the file that this thread opened
  });
  const wake = (): void => {
    libc().write(wakeFd, new Uint8Array(new BigUint64Array([1n]).buffer), 8);
  };

  /** Asks for a file to end; they end in the order in which they were asked for. */
  const asked: ((file: FileResult | undefined) => void)[] = [];
  const askForFile = (told: (file: FileResult | undefined) => void): void => {
    asked.push(told);
    askToSwitch(queue);
    wake();
  };

  const exits = [once(drainer, 'exit'), once(unwinder, 'exit')];
  const drains = once(drainer, 'message');
  const failed = new Promise<never>((_, reject) => {
    drainer.once('error', reject);
    unwinder.once('error', reject);
  });
  const [ready, isReady] = promised<undefined>();
  const [result, isDone] = promised<RecordingResult>();
  let onFile: RecordingSetup['onFile'];
  unwinder.on('message', (message: UnwindMessage) => {
    if (message.kind === 'ready') isReady(undefined);
    else if (message.kind === 'done') isDone(message.result);
    else {
      if (message.file !== undefined) onFile?.(message.file);
      if (message.asked) asked.shift()?.(message.file);
    }
  });
  // Whoever waits for one of these is told; what nobody waits for any more is no crash.
  for (const promise of [failed, drains, ...exits]) promise.catch(() => undefined);

  let hasBegun = false;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const abandon = async (): Promise<void> => {
    clearInterval(timer);
    if (isOver) return;
    isOver = true;
    await Promise.all([drainer.terminate(), unwinder.terminate()]);
    libc().close(wakeFd);
  };
  return {
    queue,
    failed,
    begin: async ({ rings, onFile: told, ...setup }) => {
      onFile = told;
      const overwrite = rings.some(({ backward }) => backward);
      const { events } = setup;
      drainer.postMessage({ rings, events, queue, wakeFd, stackTops } satisfies DrainSetup);
      unwinder.postMessage({ ...setup, queue, stackTops, overwrite } satisfies UnwindSetup);
      hasBegun = true;
      await Promise.race([Promise.all([drains, ready]), failed]);
      // Of what is overwritten only the draining thread can make a file.
      const on = setup.switchOutput?.on ?? 'signal';
      if (overwrite && on !== 'signal' && 'seconds' in on) {
        timer = setInterval(() => askForFile(() => undefined), on.seconds * 1000);
      }
    },
    switchOutput: () => {
      const [file, isSwitched] = promised<FileResult | undefined>();
      askForFile(isSwitched);
      return Promise.race([file, result.then(() => undefined), failed]);
    },
    mark: (line) => {
      if (hasBegun) unwinder.postMessage({ kind: 'mark', line } satisfies ToUnwinder);
    },
    stop: async (end) => {
      clearInterval(timer);
      unwinder.postMessage({ kind: 'end', end } satisfies ToUnwinder);
      askToStop(queue);
      wake();
      try {
        const done = await Promise.race([result, failed]);
        await Promise.all(exits);
        return done;
      } finally {
        await abandon();
      }
    },
    abandon,
  };
}

function promised<T>(): [Promise<T>, (value: T) => void] {
  let resolve!: (value: T) => void;
  return [new Promise<T>((done) => (resolve = done)), resolve];
}
