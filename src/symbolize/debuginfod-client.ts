/** Asks servers of debug information for files by build ID, and waits for them. */
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import {
  MessageChannel,
  receiveMessageOnPort,
  Worker,
  type MessagePort,
} from 'node:worker_threads';

import { describeSystemError } from '../base/source.js';
import type { Bytes } from '../base/units.js';
import { DebuginfodCache, type DebuginfodKind } from './debuginfod-cache.js';
import {
  BEAT_MS,
  Word,
  WORD_COUNT,
  type DownloadRequest,
  type DownloadResult,
  type DownloadWorkerData,
} from './debuginfod-protocol.js';
import type { DebuginfodOptions } from './debuginfod.js';
import { isMissing, openElf } from './open-elf.js';

/** What is told of a download: several times a second, and once when it has ended. */
export interface DownloadProgress {
  readonly url: string;
  /** Of what is wanted: `/usr/lib/libc.so.6`. */
  readonly name: string;
  readonly received: Bytes;
  /** 0 where the server does not say. */
  readonly total: Bytes;
  readonly ended: boolean;
}

/** A build ID in the length that elfutils allows: no path, no query. */
const BUILD_ID = /^[0-9a-f]{8,128}$/;
/** Without a sign of life for so long the thread is taken for dead. */
const DEAD_MS = 30_000;

/** Its thread begins with the first download. Close it when done. */
export class DebuginfodClient {
  /** What went wrong, in sentences; each server once. */
  readonly problems: string[] = [];
  private readonly cache: DebuginfodCache;
  private readonly urls: Set<string>;
  private readonly asked = new Set<string>();
  private readonly words = new Int32Array(new SharedArrayBuffer(4 * WORD_COUNT));
  private worker: { readonly thread: Worker; readonly port: MessagePort } | undefined;

  constructor(
    private readonly options: DebuginfodOptions,
    private readonly onProgress: (progress: DownloadProgress) => void = () => undefined,
  ) {
    this.cache = new DebuginfodCache(options.cacheFolder);
    this.urls = new Set(options.urls.map((url) => url.replace(/\/+$/, '')));
  }

  /**
   * The path of a file of that build, from the cache or downloaded into it; `undefined` where there is
   * none to be had. Blocks. Of each file is asked once.
   * @param name what the file is called in progress
   */
  find(buildId: string, kind: DebuginfodKind, name: string): string | undefined {
    if (!BUILD_ID.test(buildId)) return undefined;
    const cached = this.cache.find(buildId, kind);
    if (cached !== undefined) return cached.path;
    const key = `${buildId} ${kind}`;
    if (this.asked.has(key)) return undefined;
    this.asked.add(key);
    try {
      return this.ask(buildId, kind, basename(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      this.urls.clear();
      this.problems.push(
        `cannot keep debug information in ${this.options.cacheFolder}: ${describeSystemError(error)}`,
      );
      return undefined;
    }
  }

  close(): void {
    void this.worker?.thread.terminate();
    this.worker = undefined;
  }

  private ask(buildId: string, kind: DebuginfodKind, name: string): string | undefined {
    // A server that is not asked any more may have what the others have not.
    let isAbsent = this.urls.size > 0 && this.problems.length === 0;
    for (const server of this.urls) {
      const temporary = this.cache.temporary(buildId, kind);
      try {
        const result = this.download(`${server}/buildid/${buildId}/${kind}`, temporary, name);
        const failure = result.kind === 'done' ? faultOf(temporary, buildId) : result;
        if (failure === undefined) return this.cache.keep(temporary, buildId, kind);
        if (failure.kind === 'failed') {
          // A server that fails once would be waited for again with every file.
          isAbsent = false;
          this.urls.delete(server);
          this.problems.push(`${server} ${failure.detail}: it was not asked again`);
        }
      } finally {
        rmSync(temporary, { force: true });
      }
    }
    if (isAbsent) this.cache.keepAbsent(buildId, kind);
    return undefined;
  }

  private download(url: string, path: string, name: string): DownloadResult {
    const { words, onProgress } = this;
    const { timeoutSeconds, maxSize } = this.options;
    const { port } = (this.worker ??= this.start());
    Atomics.store(words, Word.Received, 0);
    Atomics.store(words, Word.Total, 0);
    port.postMessage({ url, path, timeoutSeconds, maxSize } satisfies DownloadRequest);
    const tell = (ended: boolean): void => {
      const received = 1024 * Atomics.load(words, Word.Received);
      const total = 1024 * Atomics.load(words, Word.Total);
      onProgress({ url, name, received, total, ended });
    };
    for (let silent = 0; silent < DEAD_MS;) {
      const beat = Atomics.load(words, Word.Beat);
      const answer = receiveMessageOnPort(port) as { message: DownloadResult } | undefined;
      if (answer !== undefined) {
        tell(true);
        return answer.message;
      }
      silent = Atomics.wait(words, Word.Beat, beat, BEAT_MS) === 'timed-out' ? silent + BEAT_MS : 0;
      tell(false);
    }
    this.close();
    tell(true);
    return { kind: 'failed', detail: 'could not be asked: the thread that asks does not answer' };
  }

  private start(): { thread: Worker; port: MessagePort } {
    const { port1, port2 } = new MessageChannel();
    const thread = new Worker(new URL('./debuginfod-worker.js', import.meta.url), {
      workerData: { words: this.words, port: port2 } satisfies DownloadWorkerData,
      transferList: [port2],
    });
    // Without a listener an error of the thread's would end the program; its silence is noticed.
    thread.on('error', () => undefined);
    thread.unref();
    port1.unref();
    return { thread, port: port1 };
  }
}

/** Servers may send anything: what is not the build that was asked for is as good as nothing. */
function faultOf(path: string, buildId: string): DownloadResult | undefined {
  const found = openElf(path, buildId);
  if (found !== undefined && !isMissing(found)) {
    found.source.close();
    return undefined;
  }
  return { kind: 'failed', detail: `sent another file than build ${buildId}` };
}
