/**
 * Processes and threads as /proc tells of them (proc(5)). Each may end while it is being read: then what is
 * told of it is `undefined`, or nothing.
 */
import { closeSync, openSync, readSync, readdirSync } from 'node:fs';

import { readText } from './system.js';

/** All processes, in no order. */
export function listProcesses(): number[] {
  return numbersIn('/proc');
}

/** The threads of a process, its leader among them; also where `pid` is one of the others. */
export function threadsOf(pid: number): number[] {
  return numbersIn(`/proc/${pid}/task`);
}

function numbersIn(folder: string): number[] {
  const numbers: number[] = [];
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return numbers;
  }
  for (const name of names) if (/^\d+$/.test(name)) numbers.push(Number(name));
  return numbers;
}

/** What `/proc/PID/status` says. */
export interface TaskStatus {
  /** The process that it belongs to: `Tgid`. */
  readonly pid: number;
  readonly parentPid: number;
  /** Its real user. */
  readonly uid: number;
  /** Whether it has ended, and its parent has not asked for that yet. */
  readonly isZombie: boolean;
}

const STATUS = /\nState:\t(\w).*?\nTgid:\t(\d+)\n.*?\nPPid:\t(\d+)\n.*?\nUid:\t(\d+)\t/s;

/** A process or thread; `undefined` where there is none. */
export function readStatus(tid: number): TaskStatus | undefined {
  const match = STATUS.exec(readText(`/proc/${tid}/status`) ?? '');
  if (match === null) return undefined;
  const [, state, pid, parentPid, uid] = match;
  return {
    pid: Number(pid),
    parentPid: Number(parentPid),
    uid: Number(uid),
    isZombie: state === 'Z' || state === 'X',
  };
}

/** Reads files of /proc into memory that it uses again and again. */
export class ProcReader {
  private buffer = Buffer.allocUnsafe(64 * 1024);

  /**
   * A file of /proc, whose size no one knows before its end.
   * @returns bytes that are good until the next call; `undefined` where it cannot be read
   */
  read(path: string): Buffer | undefined {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch {
      return undefined;
    }
    try {
      let filled = 0;
      for (;;) {
        if (filled === this.buffer.byteLength) this.grow();
        const got = readSync(fd, this.buffer, filled, this.buffer.byteLength - filled, null);
        if (got === 0) return this.buffer.subarray(0, filled);
        filled += got;
      }
    } catch {
      return undefined; // ESRCH: it has ended since
    } finally {
      closeSync(fd);
    }
  }

  private grow(): void {
    const larger = Buffer.allocUnsafe(this.buffer.byteLength * 2);
    larger.set(this.buffer);
    this.buffer = larger;
  }
}
