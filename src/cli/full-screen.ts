/**
 * The terminal as a program's own: raw keys, the alternate screen; and given back as it was, however the
 * program ends.
 */
import { writeSync } from 'node:fs';

import { ESCAPE_SILENCE_MS, KeyDecoder, type InputEvent } from '../render/browser/keys.js';
import { ENTER, LEAVE } from '../render/browser/screen.js';

export interface FullScreenEvents {
  readonly onInput: (event: InputEvent) => void;
  /** The size has changed, or something else was on the screen. */
  readonly onRedraw: () => void;
  /** Nobody sees or types any more. */
  readonly onGone: () => void;
}

const STDOUT = 1;

export class FullScreen {
  private readonly decoder = new KeyDecoder();
  private silence: NodeJS.Timeout | undefined;
  private isOn = false;
  /** Whether the terminal has not yet taken what was written: a slow one gets the newest next. */
  private isFull = false;

  constructor(private readonly events: FullScreenEvents) {}

  get size(): { readonly width: number; readonly height: number } {
    // A terminal may not know its size: 0.
    return { width: process.stdout.columns || 80, height: process.stdout.rows || 24 };
  }

  enter(): void {
    const { stdin, stdout } = process;
    stdin.setEncoding('utf8');
    stdin.on('data', this.onData);
    stdin.on('end', this.events.onGone);
    stdin.on('error', this.events.onGone);
    stdout.on('resize', this.events.onRedraw);
    process.on('SIGTSTP', this.suspend);
    process.on('SIGCONT', this.resume);
    // Also where an exception, or somebody's process.exit, ends it.
    process.on('exit', this.giveBack);
    this.take();
  }

  leave(): void {
    const { stdin, stdout } = process;
    clearTimeout(this.silence);
    this.giveBack();
    stdin.off('data', this.onData);
    stdin.off('end', this.events.onGone);
    stdin.pause();
    stdout.off('resize', this.events.onRedraw);
    process.off('SIGTSTP', this.suspend);
    process.off('SIGCONT', this.resume);
    process.off('exit', this.giveBack);
  }

  /** Draws, unless the terminal is still busy with what it got before. */
  write(draw: () => string): void {
    if (!this.isOn || this.isFull) return;
    const text = draw();
    if (text === '' || process.stdout.write(text)) return;
    this.isFull = true;
    process.stdout.once('drain', () => {
      this.isFull = false;
      this.write(draw);
    });
  }

  /** Ctrl-Z: stops all processes of the job, as the terminal would have it. */
  stopJob(): void {
    process.kill(0, 'SIGTSTP');
  }

  private readonly onData = (text: string): void => {
    clearTimeout(this.silence);
    for (const event of this.decoder.push(text)) this.events.onInput(event);
    if (!this.decoder.isWaiting) return;
    this.silence = setTimeout(() => {
      for (const event of this.decoder.flush()) this.events.onInput(event);
    }, ESCAPE_SILENCE_MS);
  };

  private readonly suspend = (): void => {
    this.giveBack();
    process.kill(process.pid, 'SIGSTOP');
  };

  private readonly resume = (): void => {
    // Also after a SIGSTOP that nobody could prepare for: a shell has set the terminal to its own ways.
    this.giveBack();
    this.take();
    this.events.onRedraw();
  };

  private take(): void {
    process.stdin.setRawMode(true);
    process.stdin.resume();
    process.stdout.write(ENTER);
    this.isOn = true;
  }

  private readonly giveBack = (): void => {
    if (!this.isOn) return;
    this.isOn = false;
    try {
      // At once: the process may be about to end.
      writeSync(STDOUT, LEAVE);
      process.stdin.setRawMode(false);
    } catch {
      // The terminal is gone.
    }
  };
}
