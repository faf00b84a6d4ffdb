/**
 * The thread that downloads, one file at a time, while the thread that wants the file sleeps in
 * `Atomics.wait`: symbols are looked up in the midst of loops that cannot wait in any other way.
 */
import { createWriteStream } from 'node:fs';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { workerData } from 'node:worker_threads';

import type { Bytes } from '../base/units.js';
import {
  BEAT_MS,
  STALL_BYTES,
  Word,
  type DownloadRequest,
  type DownloadResult,
  type DownloadWorkerData,
} from './debuginfod-protocol.js';

const MAX_REDIRECTS = 5;
/** No file of debug information is larger; a server could send for ever. */
const LARGEST: Bytes = 2 ** 33;

class Failure extends Error {}

async function download(request: DownloadRequest, words: Int32Array): Promise<DownloadResult> {
  const abort = new AbortController();
  let received = 0;
  const watch = watchSpeed(request.timeoutSeconds, () => received, abort);
  try {
    const response = await open(request, abort.signal);
    const { statusCode = 0, headers } = response;
    if (statusCode === 404 || statusCode === 406) {
      response.destroy();
      return { kind: 'absent' };
    }
    if (statusCode !== 200) {
      response.destroy();
      return { kind: 'failed', detail: `answered ${statusCode}` };
    }
    const limit = request.maxSize > 0 ? Math.min(request.maxSize, LARGEST) : LARGEST;
    const total = Number(headers['content-length'] ?? headers['x-debuginfod-size'] ?? 0);
    if (total > limit) {
      response.destroy();
      return { kind: 'absent' };
    }
    Atomics.store(words, Word.Total, Math.ceil(total / 1024));
    response.on('data', (chunk: Buffer) => {
      received += chunk.length;
      Atomics.store(words, Word.Received, Math.ceil(received / 1024));
      if (received > limit) response.destroy(new Failure(`sent more than ${limit} bytes`));
    });
    const file = createWriteStream(request.path, { flags: 'wx', mode: 0o600 });
    await pipeline(response, file, { signal: abort.signal });
    // A connection that broke; one without a length ends like a whole file does.
    if (!response.complete || (total > 0 && received !== total)) {
      return { kind: 'failed', detail: `sent ${received} bytes of ${total}` };
    }
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'failed', detail: describe(abort.signal.aborted ? abort.signal.reason : error) };
  } finally {
    clearInterval(watch);
  }
}

/** The response to a GET, redirections followed. */
async function open(
  { url, maxSize }: DownloadRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let target = new URL(url);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        'User-Agent': 'strata-profiler',
        ...(maxSize > 0 ? { 'X-DEBUGINFOD-MAXSIZE': String(maxSize) } : {}),
      };
      const get = target.protocol === 'https:' ? getSecure : getPlain;
      get(target, { headers, signal, agent: false }, resolve).on('error', reject);
    });
    const { statusCode = 0, headers } = response;
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) return response;
    response.destroy();
    target = new URL(headers.location, target);
    if (!/^https?:$/.test(target.protocol)) throw new Failure(`leads to ${target.protocol}`);
  }
  throw new Failure(`leads on more than ${MAX_REDIRECTS} times`);
}

function watchSpeed(
  timeoutSeconds: number,
  received: () => Bytes,
  abort: AbortController,
): NodeJS.Timeout | undefined {
  if (timeoutSeconds === 0) return undefined;
  let before = 0;
  return setInterval(() => {
    const now = received();
    if (now - before < STALL_BYTES) {
      abort.abort(new Failure(`sent ${now - before} bytes in ${timeoutSeconds} s`));
    }
    before = now;
  }, timeoutSeconds * 1000);
}

function describe(error: unknown): string {
  if (error instanceof Failure) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'refuses connections';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'is not to be found';
  if (code === 'ECONNRESET') return 'broke the connection';
  return `failed: ${error.message}`;
}

const { words, port } = workerData as DownloadWorkerData;

function beat(): void {
  Atomics.add(words, Word.Beat, 1);
  Atomics.notify(words, Word.Beat);
}

port.on('message', (request: DownloadRequest) => {
  void download(request, words).then((result) => {
    port.postMessage(result);
    beat();
  });
});
setInterval(beat, BEAT_MS);
