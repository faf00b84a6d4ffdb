/**
 * `strata report` on a terminal. This thread has the keys and the screen, another the profile: nothing that
 * takes long keeps keys waiting.
 */
import { Worker } from 'node:worker_threads';

import { ExitCode, StrataError, usageError } from '../base/errors.js';
import { ENDING_SIGNALS } from '../linux/signals.js';
import { Browser, type Effect } from '../render/browser/browser.js';
import type { Answer, Sort } from '../render/browser/protocol.js';
import { Screen } from '../render/browser/screen.js';
import type { BrowseWorkerData } from './browse-worker.js';
import { FullScreen } from './full-screen.js';
import { parseFields } from './options/report-rows.js';
import type { ReportOptions } from './options/report.js';
import { canBrowse, describeTerminal, hasUnicode } from './terminal.js';

/**
 * Shows the recording until the person quits.
 * @throws StrataError where there is no terminal, or the recording cannot be read
 */
export async function browse(options: ReportOptions): Promise<number> {
  if (!canBrowse()) {
    throw usageError(
      'there is no terminal to browse in',
      'standard input and output must be one, and TERM must say which: --stdio writes text',
    );
  }
  const last = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./browse-worker.js', import.meta.url), {
    workerData: { options, last } satisfies BrowseWorkerData,
    // Nothing but this thread writes to the terminal.
    stdout: true,
    stderr: true,
  });
  try {
    return await new Promise<number>((resolve, reject) => {
      runSession(worker, last, resolve, reject);
    });
  } finally {
    await worker.terminate();
  }
}

function runSession(
  worker: Worker,
  last: Int32Array<SharedArrayBuffer>,
  resolve: (code: number) => void,
  reject: (error: unknown) => void,
): void {
  const end = (code: number): void => {
    release();
    resolve(code);
  };
  /** What fails here must not leave the terminal as it is. */
  const guarded =
    <T extends readonly unknown[]>(work: (...given: T) => Effect | undefined) =>
    (...given: T): void => {
      try {
        const effect = work(...given);
        if (effect === 'quit') return end(ExitCode.Done);
        if (effect === 'redraw') screen.forget();
        if (effect === 'suspend') terminal.stopJob();
        else terminal.write(draw);
      } catch (error) {
        release();
        reject(error);
      }
    };
  const terminal: FullScreen = new FullScreen({
    onInput: guarded((event) => browser.handle(event)),
    onRedraw: guarded(() => {
      screen.forget();
      browser.resize(terminal.size);
      return undefined;
    }),
    onGone: () => end(ExitCode.Done),
  });
  const screen = new Screen(describeTerminal().colour, hasUnicode());
  const browser: Browser = new Browser(
    {
      query: { zooms: [], filter: '', relative: false },
      parseSort,
      ask: (question) => {
        Atomics.store(last, 0, question.number);
        worker.postMessage(question);
      },
    },
    terminal.size,
  );
  const draw = (): string => screen.draw(browser.lines());
  const signals = ENDING_SIGNALS.map((name) => {
    // 128 and the signal's number, as a shell has it.
    const handler = (): void => end(128 + SIGNAL_NUMBERS[name]);
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  const release = (): void => {
    for (const off of signals) off();
    terminal.leave();
  };

  worker.on('error', (error) => {
    release();
    reject(error);
  });
  worker.on(
    'message',
    guarded((answer: Answer) => {
      if (answer.kind === 'failed') {
        throw new StrataError(answer.message, answer.hint, answer.exitCode);
      }
      return browser.answer(answer);
    }),
  );
  guarded(() => {
    terminal.enter();
    return undefined;
  })();
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/** The keys of a text; what is wrong with it where it is none. */
function parseSort(text: string): Sort | string {
  try {
    return parseFields(text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
