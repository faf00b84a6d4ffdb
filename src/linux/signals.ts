/** Signals, while a command of ours runs. */
import { inForeground } from './system.js';

/** By which a person, or the end of a terminal or a machine, asks a program to end. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** What signals are passed on to. */
export interface Signalled {
  signal(name: NodeJS.Signals): void;
  /** Whether a terminal's keys reach it only through us, as it is no process of the same group. */
  readonly isOurs?: boolean;
}

/**
 * Keeps signals from ending this program before its work is complete, and passes on those that were sent to
 * it alone. The terminal's own (Ctrl-C) reach the command without us, as it is in the same process group.
 *
 * What this program was started to ignore (`nohup strata …`) cannot be known: Node.js sets all signals back
 * when it starts (`node::PlatformInit`) and in each child (libuv). It is the command that has to ignore them:
 * `strata record nohup …`.
 */
export function catchSignals(): { passTo(command: Signalled): void; release(): void } {
  let command: Signalled | undefined;
  const early: NodeJS.Signals[] = [];
  const handlers = ENDING_SIGNALS.map((name) => {
    const fromKeys = name === 'SIGINT' || name === 'SIGQUIT';
    const handler = (): void => {
      if (command === undefined) early.push(name);
      else if (!fromKeys || command.isOurs === true || !inForeground()) command.signal(name);
    };
    process.on(name, handler);
    return { name, handler };
  });
  return {
    passTo: (started) => {
      command = started;
      for (const name of early) started.signal(name);
    },
    release: () => {
      for (const { name, handler } of handlers) process.off(name, handler);
    },
  };
}
