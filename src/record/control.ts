/**
 * Commands to a recorder while it records, as lines in a FIFO: perf's (perf-record(1), `--control`), and
 * those with which the recorded program marks regions of its own.
 *
 *   enable, disable      sampling on and off           snapshot   writes what a flight recorder holds
 *   stop                 ends the recording            ping       nothing: to see that someone listens
 *   evlist               prints the events
 *   region-begin NAME PID TID TIME, region-end …       see python/helper
 */
import {
  constants,
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';
import { makeFifo } from '../linux/fifo.js';
import type { ControlPlace } from './options.js';

/** More than any command takes: what is longer is none. */
const MOST_PENDING = 64 * 1024;

/** Does what a line says. @returns whether it was a command */
export type ControlHandler = (line: string) => boolean;

export interface Control {
  /** What tells the command where its recorder listens. */
  readonly environment: NodeJS.ProcessEnv;
  close(): void;
}

/** Environment variables in which the command finds the recorder's own FIFOs. */
export const CONTROL_VARIABLES = {
  commands: 'STRATA_CONTROL',
  answers: 'STRATA_ACK',
  /** `on` where sampling begins by itself: blocks of strata.sample() then only mark. */
  sampling: 'STRATA_SAMPLING',
} as const;

/**
 * Listens.
 * @throws StrataError where there is nothing to listen to
 */
export function openControl(
  place: Exclude<ControlPlace, { kind: 'signal' }>,
  handle: ControlHandler,
): Control {
  if (place.kind === 'given') {
    return listen(openEnd(place.commands), openAnswers(place.acknowledgements), handle);
  }
  const folder = mkdtempSync(join(tmpdir(), 'strata-control-'));
  const paths = { commands: join(folder, 'commands'), answers: join(folder, 'answers') };
  makeFifo(paths.commands);
  makeFifo(paths.answers);
  const control = listen(openEnd(paths.commands), openEnd(paths.answers), handle);
  return {
    environment: {
      [CONTROL_VARIABLES.commands]: paths.commands,
      [CONTROL_VARIABLES.answers]: paths.answers,
    },
    close: () => {
      control.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function openAnswers(place: string | number | undefined): number | undefined {
  return place === undefined ? undefined : openEnd(place);
}

/** Opens a FIFO for both directions: so it neither waits for another end nor ends with it (fifo(7)). */
function openEnd(place: string | number): number {
  const name = typeof place === 'number' ? `descriptor ${place}` : place;
  let fd: number;
  let kind: Stats;
  try {
    const flags = constants.O_RDWR | constants.O_NONBLOCK;
    fd = typeof place === 'number' ? place : openSync(place, flags);
    kind = fstatSync(fd);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (typeof place === 'string') {
      throw new StrataError(
        `cannot listen at ${name}: ${describeSystemError(error)}`,
        missing ? `mkfifo ${place} makes it` : undefined,
      );
    }
    throw new StrataError(
      `cannot listen at ${name}: it is not open`,
      `a shell opens it by: strata record --control fd:${place} … ${place}<>FIFO`,
    );
  }
  if (kind.isFIFO() || kind.isSocket()) return fd;
  throw new StrataError(`cannot listen at ${name}: it is no FIFO`, 'mkfifo makes one');
}

function listen(commands: number, answers: number | undefined, handle: ControlHandler): Control {
  const socket = new Socket({ fd: commands, readable: true, writable: false });
  let pending = '';
  socket.setEncoding('utf8');
  const take = (text: string): void => {
    const lines = (pending + text).split('\n');
    pending = (lines.pop() ?? '').slice(0, MOST_PENDING);
    for (const line of lines) {
      const command = line.replaceAll('\0', '').trim();
      if (command !== '' && handle(command)) acknowledge(answers);
    }
  };
  socket.on('data', take);
  // Whoever sent commands may be gone: recording goes on.
  socket.on('error', () => undefined);
  return {
    environment: {},
    close: () => {
      // The last words of a program that has ended.
      take(readWaiting(commands));
      socket.destroy();
      if (answers !== undefined) closeQuietly(answers);
    },
  };
}

/** As perf does. Nobody may be reading: then a full FIFO is left as it is. */
function acknowledge(answers: number | undefined): void {
  if (answers === undefined) return;
  try {
    writeSync(answers, 'ack\n');
  } catch {
    // Nobody reads.
  }
}

/** What stands in a FIFO at this moment. */
function readWaiting(fd: number): string {
  const bytes = Buffer.alloc(MOST_PENDING);
  let filled = 0;
  try {
    for (let got = -1; got !== 0 && filled < bytes.length; filled += got) {
      got = readSync(fd, bytes, filled, bytes.length - filled, null);
    }
  } catch {
    // It is empty (EAGAIN).
  }
  return bytes.toString('utf8', 0, filled);
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // It was given to us, and taken away.
  }
}
