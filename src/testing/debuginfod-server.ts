/**
 * A server of debug information that behaves as it is told, in a thread of its own: who asks it sleeps in
 * `Atomics.wait` and serves nobody.
 */
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** What the server does when it is asked for a path under `/NAME/`. */
export const Behaviour = {
  /** Sends the file. */
  Good: 'good',
  /** Leads to where it is sent. */
  Redirect: 'redirect',
  Absent: 'absent',
  Error: 'error',
  /** Accepts, and never answers. */
  Silent: 'silent',
  /** Ends before all bytes that it announced. */
  Truncated: 'truncated',
  /** Does not say how long the file is, and sends half of it. */
  Half: 'half',
  /** Sends another build. */
  Wrong: 'wrong',
  /** Sends without end. */
  Endless: 'endless',
} as const;
export type Behaviour = (typeof Behaviour)[keyof typeof Behaviour];

export interface ServedFiles {
  readonly good: Uint8Array;
  readonly wrong: Uint8Array;
}

export interface DebuginfodServer {
  url(behaviour: Behaviour): string;
  /** How many requests came so far. */
  requests(): number;
  close(): Promise<void>;
}

/** Starts it on a free port of 127.0.0.1. */
export async function startDebuginfodServer(files: ServedFiles): Promise<DebuginfodServer> {
  const count = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL(import.meta.url), { workerData: { files, count } });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
  return {
    url: (behaviour) => `http://127.0.0.1:${port}/${behaviour}`,
    requests: () => Atomics.load(count, 0),
    close: async () => {
      await worker.terminate();
    },
  };
}

function serve({ good, wrong }: ServedFiles, count: Int32Array): void {
  const answer = (url: string, response: ServerResponse): void => {
    const [, behaviour] = url.split('/');
    switch (behaviour) {
      case Behaviour.Good:
        response.writeHead(200, { 'content-length': good.length }).end(good);
        break;
      case Behaviour.Redirect:
        response.writeHead(302, { location: url.replace(behaviour, Behaviour.Good) }).end();
        break;
      case Behaviour.Error:
        response.writeHead(500).end('no');
        break;
      case Behaviour.Silent:
        break;
      case Behaviour.Truncated:
        response.writeHead(200, { 'content-length': good.length });
        response.write(good.subarray(0, good.length - 1), () => response.destroy());
        break;
      case Behaviour.Half:
        response.writeHead(200).end(good.subarray(0, good.length / 2));
        break;
      case Behaviour.Wrong:
        response.writeHead(200, { 'content-length': wrong.length }).end(wrong);
        break;
      case Behaviour.Endless: {
        response.writeHead(200);
        const more = (): void => {
          if (response.destroyed) return;
          response.write(Buffer.alloc(1 << 16), more);
        };
        more();
        break;
      }
      default:
        response.writeHead(404).end();
    }
  };
  const server = createServer((request, response) => {
    Atomics.add(count, 0, 1);
    answer(request.url ?? '', response);
  });
  server.listen(0, '127.0.0.1', () => {
    parentPort?.postMessage((server.address() as AddressInfo).port);
  });
}

if (!isMainThread && workerData !== null) {
  const { files, count } = workerData as { files: ServedFiles; count: Int32Array };
  serve(files, count);
}
