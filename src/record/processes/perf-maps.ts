/**
 * The perf maps and jitdumps that recorded processes leave in /tmp: read for their names. Perf maps are
 * removed where the recording caused them; dumps are written only where a person asks for them.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  readdirSync,
  unlinkSync,
} from 'node:fs';

import { FormatError } from '../../base/errors.js';
import { MemorySource } from '../../base/source.js';
import { readJitDump } from '../../formats/jitdump/reader.js';
import { parsePerfMap, type GeneratedFunctions, type PerfMap } from '../../formats/perfmap.js';
import type { LiveProcess } from './live-processes.js';

const FOLDER = '/tmp';
/** What is read of one map at most: more is no list of functions any more. */
const MAX_SIZE = 256 * 1024 * 1024;

/** Perf maps that were there before: those are nobody's litter of ours. */
export function existingPerfMaps(): ReadonlySet<string> {
  try {
    return new Set(readdirSync(FOLDER).filter((name) => /^perf-\d+\.map$/.test(name)));
  } catch {
    return new Set();
  }
}

/** The file that a process writes its map to, as the recorder sees it. */
function mapPath(process: LiveProcess): string {
  return `${process.root}${FOLDER}/${mapName(process)}`;
}

function mapName(process: LiveProcess): string {
  return `perf-${process.innerPid}.map`;
}

/**
 * Reads a process's map.
 * @returns `undefined` where it has none
 */
export function readPerfMap(process: LiveProcess): PerfMap | undefined {
  const bytes = readFileOf(mapPath(process));
  return bytes && parsePerfMap(bytes);
}

/**
 * Reads a process's jitdump.
 * @param path as the process knows it
 * @returns `undefined` where it is gone or is none
 */
export function readDump(process: LiveProcess, path: string): GeneratedFunctions | undefined {
  const bytes = readFileOf(process.root + path);
  try {
    return bytes && readJitDump(new MemorySource(bytes, path)).latest();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** A regular file's bytes. Links are not followed: anyone may put one into /tmp. */
function readFileOf(path: string): Uint8Array | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return undefined;
    const bytes = new Uint8Array(Math.min(stat.size, MAX_SIZE));
    let filled = 0;
    while (filled < bytes.byteLength) {
      const got = readSync(fd, bytes, filled, bytes.byteLength - filled, filled);
      if (got === 0) break;
      filled += got;
    }
    return bytes.subarray(0, filled);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Removes the map of a process of the command's, unless it was there before the recording. */
export function removePerfMap(process: LiveProcess, before: ReadonlySet<string>): void {
  if (!process.ofCommand || (process.root === '' && before.has(mapName(process)))) return;
  try {
    unlinkSync(mapPath(process));
  } catch {
    // It never wrote one, or someone was quicker.
  }
}
