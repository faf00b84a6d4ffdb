/**
 * A folder in the /tmp of another process, of its own mount namespace, where the two exchange files. Nobody
 * but the process's user can enter it. Whatever that user does to /tmp or to the folder, no other file is
 * read, written or removed: everything goes through descriptors of the folders, and links are not followed.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';

import { StrataError } from '../../base/errors.js';
import { describeSystemError } from '../../base/source.js';
import { readText } from '../../linux/system.js';

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** More is no answer. */
const MAX_SIZE = 65_536;

export class SharedFolder {
  private readonly name = `strata-${randomBytes(12).toString('hex')}`;
  /** As the process knows it. */
  readonly path = `/tmp/${this.name}`;
  private readonly temporary: number;
  private readonly folder: number;
  private readonly files: Readonly<Record<string, string>>;

  /**
   * Makes the folder, with files in it that the process can read.
   * @param filesIn names and texts, of the folder at this path
   * @throws StrataError where the process has no /tmp that can be written
   */
  constructor(pid: number, filesIn: (path: string) => Readonly<Record<string, string>>) {
    this.files = filesIn(this.path);
    const opened: number[] = [];
    const open = (path: string): number => {
      opened.push(openSync(path, FOLDER));
      return opened[opened.length - 1];
    };
    try {
      this.temporary = open(`/proc/${pid}/root/tmp`);
      const place = `/proc/self/fd/${this.temporary}/${this.name}`;
      mkdirSync(place, { mode: 0o700 });
      this.folder = open(place);
      for (const [name, text] of Object.entries(this.files)) {
        writeFileSync(this.place(name), text, { mode: 0o644, flag: 'wx' });
      }
      giveTo(pid, this.folder);
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      throw new StrataError(
        `cannot make a folder in the /tmp of process ${pid}: ${describeSystemError(error)}`,
      );
    }
  }

  /** What the process has put into a file; `undefined` while there is none. */
  read(name: string): string | undefined {
    let fd: number;
    try {
      fd = openSync(this.place(name), FILE);
    } catch {
      return undefined;
    }
    try {
      const bytes = Buffer.alloc(MAX_SIZE);
      return fstatSync(fd).isFile() ? bytes.toString('utf8', 0, readSync(fd, bytes)) : undefined;
    } catch {
      return undefined;
    } finally {
      closeSync(fd);
    }
  }

  /** Removes the folder, the files that it was made with, and `more` that the process may have put there. */
  remove(more: readonly string[]): void {
    for (const name of [...Object.keys(this.files), ...more]) {
      ignoringErrors(() => unlinkSync(this.place(name)));
    }
    ignoringErrors(() => rmdirSync(`/proc/self/fd/${this.temporary}/${this.name}`));
    closeSync(this.folder);
    closeSync(this.temporary);
  }

  private place(name: string): string {
    return `/proc/self/fd/${this.folder}/${name}`;
  }
}

/** Makes the process's user, by which it accesses files, the owner. */
function giveTo(pid: number, folder: number): void {
  const ids = (kind: string): number => {
    // real, effective, saved, file system (proc_pid_status(5))
    const line = new RegExp(`^${kind}:(?:\\s+\\d+){3}\\s+(\\d+)$`, 'm');
    return Number(line.exec(readText(`/proc/${pid}/status`) ?? '')?.[1] ?? NaN);
  };
  const [uid, gid] = [ids('Uid'), ids('Gid')];
  const stat = fstatSync(folder);
  if (stat.uid !== uid || stat.gid !== gid) fchownSync(folder, uid, gid);
}

function ignoringErrors(action: () => void): void {
  try {
    action();
  } catch {
    // It is gone already.
  }
}
