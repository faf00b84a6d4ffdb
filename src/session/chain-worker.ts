/** A thread of a {@link ChainPool}: plays a recording back and unwinds its share of the samples. */
import { workerData } from 'node:worker_threads';

import { SharedQueue } from '../base/shared-queue.js';
import { FileSource } from '../base/source.js';
import { DAMAGED, MESSAGE_HEAD, threadOf, type ChainWorkerData } from './chain-pool.js';
import { Replay } from './replay.js';

const {
  path,
  symbols,
  recordedBefore,
  queue: memory,
  index,
  threads,
} = workerData as ChainWorkerData;
const queue = new SharedQueue(memory);
try {
  const source = new FileSource(path);
  const replay = new Replay(source, {
    symbols,
    ...(recordedBefore === undefined ? {} : { recordedBefore }),
    only: (ordinal) => threadOf(ordinal, threads) === index,
  });
  const { chains } = replay;
  let message = new Int32Array(1 << 10);
  replay.run({
    keepsGroups: true,
    sample: (view, thread, ordinal) => {
      if (!chains.unwinds(view.event)) return;
      chains.read(view, thread.process);
      const size = MESSAGE_HEAD + chains.length;
      if (size > message.length) message = new Int32Array(size * 2);
      message[0] = ordinal;
      message[1] = chains.truncation;
      message[2] = chains.length;
      for (let i = 0; i < chains.length; i++)
        message[MESSAGE_HEAD + i] = chains.words[chains.at + i];
      queue.write(message, size);
    },
    damaged: (ordinal, event) => {
      if (chains.unwinds(event)) queue.write(Int32Array.of(ordinal, DAMAGED, 0), MESSAGE_HEAD);
    },
  });
  replay.close();
  source.close();
} finally {
  queue.end();
}
