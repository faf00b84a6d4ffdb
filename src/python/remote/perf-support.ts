/**
 * Perf support of CPython, switched on and off in a running process: what `python -X perf` does from the
 * start. Functions that run already are not named until they are called again.
 */
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';

import { StrataError } from '../../base/errors.js';
import { ProcessMemory } from '../../linux/process-memory.js';
import { innermostPid, isRunning } from '../../linux/system.js';
import { detectTrampolines } from '../trampolines.js';
import type { FileMapping } from './interpreter.js';
import { ProcessEnded, runScript } from './run-script.js';
import { disableScript, enableScript } from './scripts.js';

/** What was switched on. */
export interface PerfSupport {
  /** Whether it was on already; then it stays on. */
  readonly wasActive: boolean;
  /**
   * Switches it off where it was off before, with the perf map, which must have been read by then: what it
   * says is kept in the process, for the next time. A process that has ended meanwhile is no error.
   * @returns what could not be undone, as a sentence
   */
  disable(): Promise<string | undefined>;
}

export { ProcessEnded };

/**
 * Switches perf support on in a process that runs CPython 3.14 or later.
 * @param patienceMs how long its threads may take to come to it
 * @throws StrataError with the reason, and what mends it, where that is not possible; {@link ProcessEnded}
 */
export async function enablePerfSupport(pid: number, patienceMs?: number): Promise<PerfSupport> {
  const answer = await runScript(
    pid,
    (file, maps) => enableScript(file, hasTrampolines(pid, maps)),
    patienceMs,
  );
  if (answer === 'active') return { wasActive: true, disable: () => Promise.resolve(undefined) };
  if (answer !== 'on' && answer !== 'on own-map') throw failure(pid, answer);
  const map = answer === 'on own-map' ? holdPerfMap(pid) : undefined;
  return {
    wasActive: false,
    disable: async () => {
      const ownMap = map !== undefined;
      const left = await disablePerfSupport(pid, { ownMap, patienceMs });
      map?.release(isRunning(pid));
      return left;
    },
  };
}

interface HeldPerfMap {
  /** @param keeps whether the map belongs to a process that runs on */
  release(keeps: boolean): void;
}

/** Keeps the place of a process's perf map, so that it can be removed when the process has ended. */
function holdPerfMap(pid: number): HeldPerfMap | undefined {
  const name = `perf-${innermostPid(pid)}.map`;
  let folder: number;
  try {
    folder = openSync(`/proc/${pid}/root/tmp`, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return undefined; // It has ended just now.
  }
  return {
    release: (keeps) => {
      try {
        if (!keeps) unlinkSync(`/proc/self/fd/${folder}/${name}`);
      } catch {
        // It has gone already.
      }
      closeSync(folder);
    },
  };
}

/**
 * Switches perf support off in a process that was forked from one where it was switched on: it has that from
 * its parent.
 * @param ownMap whether its perf map is to go
 * @returns what could not be done, as a sentence
 */
export async function disablePerfSupport(
  pid: number,
  { ownMap, patienceMs }: { readonly ownMap: boolean; readonly patienceMs?: number | undefined },
): Promise<string | undefined> {
  const stays = `perf support stays on in process ${pid}, which costs it some speed`;
  try {
    const answer = await runScript(pid, (file) => disableScript(file, ownMap), patienceMs);
    return answer === 'off' ? undefined : `${stays}: ${reasonOf(answer)}`;
  } catch (error) {
    if (error instanceof ProcessEnded) return undefined;
    if (error instanceof StrataError) return `${stays}: ${error.message}`;
    throw error;
  }
}

function failure(pid: number, answer: string): StrataError {
  if (answer === 'spent') {
    return new StrataError(
      `perf support was switched off before in process ${pid}, and CPython crashes where it is switched on ` +
        'a second time (CPython issue 146522)',
      'start it anew, with -X perf',
    );
  }
  const reason = reasonOf(answer);
  const hint = /JIT/.test(reason) ? 'start it with PYTHON_JIT=0' : undefined;
  return new StrataError(`process ${pid} cannot switch perf support on: ${reason}`, hint);
}

/** Of an exception, what it says; control characters are the process's own affair. */
function reasonOf(answer: string): string {
  const [, type = 'Error', text = ''] = /^failed (\w+): (.*)/s.exec(answer) ?? [];
  const said = text.replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ').slice(0, 200);
  return said === '' ? type : said;
}

/** Bytes of an arena that hold a whole trampoline. */
const TRAMPOLINE_SIZE = 64;

/** Whether trampolines are mapped: anonymous code that begins with one. */
function hasTrampolines(pid: number, maps: readonly FileMapping[]): boolean {
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const memory = ProcessMemory.open(pid, 'r');
  try {
    return maps.some(({ path, permissions, start }) => {
      // 3.15 gives them a name in development mode.
      if (!permissions.startsWith('r-x') || !/^(\[anon:.*)?$/.test(path)) return false;
      const code = memory.read(start, TRAMPOLINE_SIZE);
      return code !== undefined && detectTrampolines(code, architecture) !== undefined;
    });
  } finally {
    memory.close();
  }
}
