/**
 * Where the files lie that programs leave behind for profilers: perf maps and jitdumps.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';

import { innermostPid } from '../linux/system.js';

export interface MapFiles {
  /** Of the folder that stands for `/`; empty for this machine's, `undefined` where there is none. */
  readonly root: string | undefined;
  /** When the recording ended, in milliseconds since 1970: a file begun later is another process's. */
  readonly recordedBefore: number;
  /** A folder that perf maps and jitdumps were copied to: looked into first. */
  readonly folder?: string | undefined;
}

/** The number that a process has in its own PID namespace, if it lives; else the one given. */
export function ownPid({ root }: MapFiles, pid: number): number {
  return root === '' ? innermostPid(pid) : pid;
}

/**
 * Finds a file by the path that a process knows it under: in the folder of copies by its name, of a process
 * that lives in what it sees as `/`, and below the root.
 */
export function findMapFile(files: MapFiles, pid: number, path: string): string | undefined {
  const { root, folder, recordedBefore } = files;
  if (folder !== undefined) {
    const copy = `${folder}/${basename(path)}`;
    if (isFile(copy, Infinity)) return copy;
  }
  if (root === undefined) return undefined;
  const places = root === '' ? [`/proc/${pid}/root${path}`, path] : [root + path];
  return places.find((place) => isFile(place, root === '' ? recordedBefore : Infinity));
}

function isFile(path: string, begunBefore: number): boolean {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.birthtimeMs <= begunBefore;
  } catch {
    return false; // not there, or not for us to see
  }
}
