import { inForeground } from '../linux/system.js';
import { ENDING_SIGNALS, type Signalled } from '../linux/signals.js';

/** Ends runs in a row by a signal: the first is passed on to what runs, a second ends that for certain. */
export class Interruption {
  signal: NodeJS.Signals | undefined;
  private running: Signalled | undefined;
  private readonly handlers = ENDING_SIGNALS.map((name) => {
    const handler = (): void => this.interrupt(name);
    process.on(name, handler);
    return { name, handler };
  });

  watch(running: Signalled): void {
    this.running = running;
    // It came while that was started.
    if (this.signal !== undefined) running.signal(this.signal);
  }

  release(): void {
    for (const { name, handler } of this.handlers) process.off(name, handler);
  }

  private interrupt(name: NodeJS.Signals): void {
    const again = this.signal !== undefined;
    this.signal ??= name;
    // The terminal's own keys have reached it already.
    const fromKeys = (name === 'SIGINT' || name === 'SIGQUIT') && inForeground();
    if (again) this.running?.signal('SIGKILL');
    else if (!fromKeys) this.running?.signal(name);
  }
}
