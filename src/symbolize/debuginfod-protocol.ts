/** What the thread that wants a file and the thread that downloads it say to each other. */
import type { MessagePort } from 'node:worker_threads';

import type { Bytes } from '../base/units.js';

export interface DownloadRequest {
  readonly url: string;
  /** Where to write; must not be there yet. */
  readonly path: string;
  /** In which {@link STALL_BYTES} must come, or all of the file; 0 is for ever. */
  readonly timeoutSeconds: number;
  /** 0 is any. */
  readonly maxSize: Bytes;
}

export type DownloadResult =
  | { readonly kind: 'done' }
  /** The server has no such file, or only a larger one than was asked for. */
  | { readonly kind: 'absent' }
  /** `detail` is a sentence's end: `answered 500`, `sent nothing for 90 s`. */
  | { readonly kind: 'failed'; readonly detail: string };

/** 32-bit words that both threads see. */
export const Word = {
  /** Counts what the worker did: starts, results, beats of its heart. */
  Beat: 0,
  /** KiB of the file that came so far, and in all where the server says (else 0). */
  Received: 1,
  Total: 2,
} as const;
export const WORD_COUNT = 3;

/** How often the worker shows that it lives. */
export const BEAT_MS = 200;

/** elfutils' measure of a server that is too slow (`CURLOPT_LOW_SPEED_LIMIT`). */
export const STALL_BYTES: Bytes = 100 * 1024;

export interface DownloadWorkerData {
  /** By {@link Word}, in shared memory. */
  readonly words: Int32Array;
  readonly port: MessagePort;
}
