/** What may be done in a folder, and where it is mounted. */
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Bytes } from '../base/units.js';

export interface FolderFacts {
  readonly path: string;
  /** Whether files can be made there; of a folder that is missing, whether it can be made. */
  readonly writable: boolean;
  /** Something that is no folder is in its place. */
  readonly blocked: boolean;
  readonly readOnly: boolean;
  /** Whether code in its files may be mapped. */
  readonly noexec: boolean;
  /** For this user. */
  readonly free: Bytes;
}

export function folderFacts(path: string): FolderFacts {
  const place = nearestExisting(path);
  const options = mountOptions(place, mounts());
  const isFolder = statSync(place).isDirectory();
  return {
    path,
    writable: isFolder && mayWrite(place),
    blocked: !isFolder,
    readOnly: options.includes('ro'),
    noexec: options.includes('noexec'),
    free: freeBytes(place),
  };
}

/** The folder itself, or the one that it would be made in. */
function nearestExisting(path: string): string {
  let place = path;
  while (!existsSync(place) && place !== dirname(place)) place = dirname(place);
  return place;
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function freeBytes(path: string): Bytes {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return Infinity; // a file system that does not tell
  }
}

/** This process's mounts as the kernel lists them; empty where /proc is not there. */
export function mounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'latin1');
  } catch {
    return '';
  }
}

/**
 * The options of the mount that a path lies in: proc_pid_mountinfo(5), fields 5 (mount point) and 6. Of
 * several at one place the last covers the others.
 */
export function mountOptions(path: string, mountinfo: string): string[] {
  let longest = -1;
  let options: string[] = [];
  for (const line of mountinfo.split('\n')) {
    const [, , , , written, list] = line.split(' ');
    if (list === undefined) continue;
    // Blanks and backslashes are octal.
    const point = written.replace(/\\([0-7]{3})/g, (_, code: string) =>
      String.fromCharCode(parseInt(code, 8)),
    );
    const covers = point === '/' || path === point || path.startsWith(`${point}/`);
    if (covers && point.length >= longest) {
      longest = point.length;
      options = list.split(',');
    }
  }
  return options;
}
