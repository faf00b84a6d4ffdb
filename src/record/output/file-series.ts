/**
 * The names of a recording's files: one, or one after another, of which each gets the moment of its end
 * into its name when it is complete, as `perf record --switch-output` has it.
 *
 *   perf.data                       the one being written
 *   perf.data.2026112121304512      YYYYMMDDhhmmss and hundredths of a second, local time
 */
import { existsSync, fstatSync, renameSync, rmSync, statSync } from 'node:fs';

import { describeSystemError } from '../../base/source.js';
import { createOutput } from './output.js';

/** A file that is named for the last time. */
export interface NamedFile {
  readonly path: string;
  /** Why it has another name than it should, as a sentence. */
  readonly problem?: string;
  /** Files that were removed, as there were too many. */
  readonly removed?: readonly string[];
}

export class FileSeries {
  /** Device and inode of the file being written; `undefined` of what is no file. */
  private identity: string | undefined;
  /** Files that were named, oldest first. */
  private readonly named: string[] = [];

  /**
   * @param path of the file being written
   * @param fd of the first, which has its name already or gets it soon
   * @param maxFiles how many are left; all where absent
   */
  constructor(
    private readonly path: string,
    fd: number,
    private readonly maxFiles = Infinity,
  ) {
    this.identity = identityOf(fd);
  }

  /** Whether files of this recording were named: then the last one is, too. */
  get hasNamed(): boolean {
    return this.named.length > 0;
  }

  /** The file that was written, under the name that it has. */
  leave(): NamedFile {
    const { path, identity } = this;
    // Someone else may have moved it, and even put something in its place.
    if (identity === undefined || identityOf(path) === identity) return { path };
    return { path, problem: `${path} was moved or removed while it was recorded` };
  }

  /** Names the file that was written, which is complete, and removes the oldest where there are too many. */
  name(moment: Date): NamedFile {
    const { path } = this;
    const left = this.leave();
    if (this.identity === undefined || left.problem !== undefined) return left;
    const target = this.freeName(moment);
    try {
      renameSync(path, target);
    } catch (error) {
      return { path, problem: `${path} could not be renamed: ${describeSystemError(error)}` };
    }
    this.named.push(target);
    const removed = this.named.splice(0, Math.max(0, this.named.length - this.maxFiles));
    for (const old of removed) remove(old);
    return { path: target, removed };
  }

  /** Creates the next file. @returns its descriptor @throws StrataError */
  next(): number {
    const output = createOutput(this.path);
    output.keep();
    this.identity = identityOf(output.fd);
    return output.fd;
  }

  private freeName(moment: Date): string {
    const time = new Date(moment);
    for (;;) {
      const name = `${this.path}.${timestamp(time)}`;
      if (!existsSync(name)) return name;
      time.setMilliseconds(time.getMilliseconds() + 10);
    }
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A folder that became read-only keeps what it has.
  }
}

function timestamp(time: Date): string {
  const two = (value: number): string => `${value}`.padStart(2, '0');
  return [
    `${time.getFullYear()}`,
    two(time.getMonth() + 1),
    two(time.getDate()),
    two(time.getHours()),
    two(time.getMinutes()),
    two(time.getSeconds()),
    two(Math.floor(time.getMilliseconds() / 10)),
  ].join('');
}

/** `undefined` of what is not there, and of what is no regular file, such as /dev/null. */
function identityOf(file: string | number): string | undefined {
  const stat =
    typeof file === 'number' ? fstatSync(file) : statSync(file, { throwIfNoEntry: false });
  return stat?.isFile() === true ? `${stat.dev}:${stat.ino}` : undefined;
}
