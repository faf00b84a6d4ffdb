/** What the commands of `--control` do (see control.ts). */
import type { ControlHandler } from './control.js';
import { isMark } from './unwinding/region-marks.js';

export interface Controlled {
  enable(): void;
  disable(): void;
  /** Writes what has been recorded, and begins another file. */
  snapshot(): void;
  stop(): void;
  /** One line for each event. */
  listEvents(): void;
  /** Takes what the program marks. */
  mark(line: string): void;
}

export function controlCommands(recording: Controlled): ControlHandler {
  return (line) => {
    switch (line) {
      case 'enable':
        recording.enable();
        return true;
      case 'disable':
        recording.disable();
        return true;
      case 'snapshot':
        recording.snapshot();
        return true;
      case 'stop':
        recording.stop();
        return true;
      case 'evlist':
        recording.listEvents();
        return true;
      case 'ping':
        return true;
      default:
        // Marks are sent in great number, and nobody waits for an answer to one.
        if (isMark(line)) recording.mark(line);
        return false;
    }
  };
}
