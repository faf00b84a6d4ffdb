/**
 * The unwinding thread: takes records from the queue until the draining thread is done, and writes the
 * files that they go to.
 */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';

import { assert } from '../base/errors.js';
import { plural } from '../base/units.js';
import { StackTops } from './draining/stack-tops.js';
import { QueueReader, type SharedQueue } from './draining/transfer.js';
import { NO_SAMPLE_ID } from './events/sample-layout.js';
import { synthesize } from './processes/synthesize.js';
import {
  FileWriter,
  type FileResult,
  type FileWriterSetup,
  type RecordingEnd,
  type RecordingResult,
} from './unwinding/file-writer.js';
import { Recorder } from './unwinding/recorder.js';
import { TimeOrder } from './unwinding/time-order.js';

export interface UnwindSetup extends FileWriterSetup {
  readonly queue: SharedQueue;
  readonly stackTops: SharedArrayBuffer;
  /** Processes that run already. */
  readonly existing?: readonly number[] | 'all' | undefined;
  /** Of their threads those that are recorded. */
  readonly tids?: readonly number[] | undefined;
  /** Whether nothing is recorded of this process itself. */
  readonly dropOwn: boolean;
  /** Whether nothing is recorded of what the command starts. */
  readonly alone: boolean;
  /** Whether a file begins only where one is asked for: what there is until then is overwritten. */
  readonly overwrite: boolean;
}

/** What the main thread tells it once it runs. */
export type ToUnwinder =
  | { readonly kind: 'mark'; readonly line: string }
  /** Told before the draining thread is asked to end. */
  | { readonly kind: 'end'; readonly end: RecordingEnd };

/** What it tells the main thread. */
export type UnwindMessage =
  /** What ran already stands in the file. */
  | { readonly kind: 'ready' }
  /** A file has ended; none could be written where there is no result. */
  | { readonly kind: 'file'; readonly asked: boolean; readonly file: FileResult | undefined }
  | { readonly kind: 'done'; readonly result: RecordingResult };

/** How long to sleep when nothing comes: the end of the recording may be such a moment. */
const IDLE_MS = 50;

function tell(message: UnwindMessage): void {
  parentPort?.postMessage(message);
}

function receive(): ToUnwinder | undefined {
  return receiveMessageOnPort(parentPort!)?.message as ToUnwinder | undefined;
}

function main(setup: UnwindSetup): RecordingResult {
  const queue = new QueueReader(setup.queue);
  const recorder = new Recorder({
    architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    queue,
    events: setup.events,
    tops: new StackTops(setup.stackTops),
    dropped: setup.dropOwn ? process.pid : -1,
    alone: setup.alone,
    tids: setup.tids ?? [],
  });
  const files = new FileWriter(setup, recorder);
  let end: RecordingEnd | undefined;
  const listen = (): void => {
    for (let told = receive(); told !== undefined; told = receive()) {
      if (told.kind === 'end') ({ end } = told);
      else files.regions.take(told.line);
    }
  };
  const switchFile = (asked: boolean): void => {
    listen();
    tell({ kind: 'file', asked, file: files.switchFile() });
    if (!setup.overwrite) files.begin();
  };
  const order: TimeOrder = new TimeOrder(
    queue,
    (start, size, time) => {
      if (!files.isOpen && !order.isPressed) files.begin();
      recorder.record(start, size, time);
      if (files.isFull) switchFile(false);
    },
    () => switchFile(true),
  );

  if (!setup.overwrite) files.begin();
  if (setup.existing !== undefined) {
    const { unreadable } = synthesize(setup.existing, recorder.synthesized, NO_SAMPLE_ID);
    for (const pid of unreadable) recorder.unmapped.add(pid);
  }
  files.flush();
  tell({ kind: 'ready' });
  for (;;) {
    const closed = queue.closed;
    listen();
    const busy = order.advance();
    queue.report(files.samples, files.lost);
    if (files.isOver && !setup.overwrite) switchFile(false);
    files.tidy();
    if (!busy && closed) break;
    if (!busy) queue.wait(IDLE_MS);
  }
  assert(end !== undefined, 'the end of a recording is told before it is there');
  // Of what ran before it is no news that it goes on.
  const survivors = setup.existing === undefined ? survivorNotes(recorder) : [];
  return files.finish(end, survivors);
}

/** Says that processes outlive the command, as daemons do. */
function survivorNotes({ live }: Recorder): string[] {
  const survivors = live.survivors();
  if (survivors === 0) return [];
  const processes = `${plural(survivors, 'process', 'processes')} that the command started`;
  return [`${processes} still ran when it ended; recording ended with the command`];
}

parentPort?.once('message', (setup: UnwindSetup) => {
  tell({ kind: 'done', result: main(setup) });
});
