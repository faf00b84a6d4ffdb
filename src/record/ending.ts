/** When a recording ends: with its command, after its time, when it is told to, or with all that it records. */
import type { RecordOptions } from './options.js';
import type { Recording } from './recording.js';

/** What ended it. */
export type EndReason = 'command' | 'time' | 'told' | 'over' | 'failed';

/** How often to look whether all that was attached to has ended. */
const LOOK_MS = 100;

export class Ending {
  /** Resolves with the first reason. */
  readonly come: Promise<EndReason>;
  private readonly timers: NodeJS.Timeout[] = [];
  private resolve!: (reason: EndReason) => void;

  constructor() {
    this.come = new Promise<EndReason>((resolve) => (this.resolve = resolve)).finally(() => {
      for (const timer of this.timers) clearTimeout(timer);
    });
  }

  tell(reason: EndReason): void {
    this.resolve(reason);
  }

  /** Begins to wait, and to sample where that comes later. */
  watch(
    options: RecordOptions,
    recording: Recording,
    commandEnded: Promise<unknown> | undefined,
  ): void {
    const { delaySeconds: delay = 0, durationSeconds: duration } = options;
    const after = (seconds: number, act: () => void): void => {
      // Longer than any timer of Node.js's is never.
      if (seconds < 2 ** 31 / 1000) this.timers.push(setTimeout(act, seconds * 1000));
    };
    void commandEnded?.then(() => this.tell('command'));
    recording.threads.failed.catch(() => this.tell('failed'));
    if (options.delaySeconds !== undefined && delay >= 0) after(delay, () => recording.enable());
    if (duration !== undefined) after(Math.max(0, delay) + duration, () => this.tell('time'));
    const { target } = recording;
    if (options.target.kind !== 'command' && !target.systemWide) {
      const timer = setInterval(() => {
        if (recording.opened.isOver()) this.tell('over');
      }, LOOK_MS);
      this.timers.push(timer);
    }
  }
}
