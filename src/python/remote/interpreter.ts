/**
 * The interpreter that runs in a process: its `_PyRuntime`, and through it its threads. Everything here is
 * read from memory that the process may write as it likes: what does not fit together is refused.
 */
import { readdirSync, readFileSync } from 'node:fs';

import { Cursor } from '../../base/cursor.js';
import { orUndefined, StrataError } from '../../base/errors.js';
import { FileSource } from '../../base/source.js';
import { parseAddress, type Address } from '../../base/units.js';
import { PT_LOAD } from '../../formats/elf/constants.js';
import { ElfImage } from '../../formats/elf/image.js';
import { symbolNamed } from '../../formats/elf/symbols.js';
import type { ProcessMemory } from '../../linux/process-memory.js';
import { innermostPid, pageSize, readLink } from '../../linux/system.js';
import { isInterpreterModule } from '../layers.js';
import {
  BLOCK_SIZE,
  isDebugOffsets,
  readDebugOffsets,
  versionOf,
  type DebugOffsets,
} from './debug-offsets.js';

const MAX_INTERPRETERS = 1024;
const MAX_THREADS = 4096;

/** A mapping of a file, as /proc/PID/maps lists it. */
export interface FileMapping {
  readonly start: Address;
  readonly end: Address;
  readonly permissions: string;
  readonly path: string;
}

/** A thread of the interpreter. */
export interface PythonThread {
  /** Its `PyThreadState`. */
  readonly state: Address;
  /** Of the kernel, as the process itself sees it. */
  readonly nativeId: number;
}

/** The main interpreter of a process. */
export interface Interpreter {
  /** Its `PyInterpreterState`. */
  readonly address: Address;
  readonly offsets: DebugOffsets;
  /** How many others there are. */
  readonly subInterpreters: number;
}

/** @throws StrataError where the process has gone */
export function readMaps(pid: number): FileMapping[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, 'latin1');
  } catch {
    throw new StrataError(`process ${pid} has ended, or its mappings may not be read`);
  }
  return text.split('\n').flatMap((line) => {
    // proc_pid_maps(5): start-end perms offset dev inode path
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) [0-9a-f]+ \S+ \d+\s*(.*)$/.exec(line);
    const [, low, high, permissions, path] = match ?? [];
    const start = parseAddress(low ?? '');
    const end = parseAddress(high ?? '');
    if (start === undefined || end === undefined) return [];
    return [{ start, end, permissions, path: Buffer.from(path, 'latin1').toString() }];
  });
}

/**
 * Finds the interpreter of a process.
 * @throws StrataError where there is none, or it cannot be asked to run anything, with the reason
 */
export function findInterpreter(
  pid: number,
  memory: ProcessMemory,
  maps: readonly FileMapping[],
): Interpreter {
  const program = readLink(`/proc/${pid}/exe`);
  const paths = [...new Set(maps.map(({ path }) => path))];
  // A program that has CPython built in may have any name.
  const candidates = paths.filter((path) => path === program || isInterpreterModule(path));
  for (const path of candidates) {
    const file = path === program ? `/proc/${pid}/exe` : `/proc/${pid}/root${path}`;
    const runtime = orUndefined(() => runtimeAddress(file, path, maps));
    const block = runtime === undefined ? undefined : memory.read(runtime, BLOCK_SIZE);
    if (runtime === undefined || block === undefined || !isDebugOffsets(block)) continue;
    const { minor, text } = versionOf(block);
    if (minor < FIRST_MINOR) throw tooOld(pid, minor, text);
    return readInterpreter(pid, memory, runtime, readDebugOffsets(block));
  }
  const python = candidates.find(isInterpreterModule);
  if (python === undefined) throw new StrataError(`process ${pid} (${program}) runs no CPython`);
  const minor = /python3\.(\d+)[^/]*$/.exec(python)?.[1];
  if (minor === undefined || Number(minor) >= FIRST_MINOR) {
    throw new StrataError(`nothing in ${python} of process ${pid} tells where its interpreter is`);
  }
  throw tooOld(pid, Number(minor), `3.${minor}`);
}

/** The first with PEP 768. */
const FIRST_MINOR = 14;

function tooOld(pid: number, minor: number, version: string): StrataError {
  return minor < 12
    ? new StrataError(
        `process ${pid} runs CPython ${version}, which has no perf support; 3.12 and later have`,
      )
    : new StrataError(
        `process ${pid} runs CPython ${version}, where perf support cannot be switched on from outside; ` +
          'in 3.14 and later it can',
        `start it with PYTHONPERFSUPPORT=1, or python3.${minor} -X perf`,
      );
}

/** Where `_PyRuntime` of a mapped file is. @throws StrataError, FormatError where the file does not say */
function runtimeAddress(
  file: string,
  path: string,
  maps: readonly FileMapping[],
): Address | undefined {
  const source = new FileSource(file);
  try {
    const image = ElfImage.read(source);
    // Stripped programs keep the section; it was made for this (PEP 768).
    const vaddr = image.section('.PyRuntime')?.address ?? symbolNamed(image, '_PyRuntime')?.address;
    const first = image.segments.find(({ type }) => type === PT_LOAD);
    const mapping = maps.find((one) => one.path === path);
    if (vaddr === undefined || first === undefined || mapping === undefined) return undefined;
    return mapping.start - (first.vaddr - (first.vaddr % pageSize())) + vaddr;
  } finally {
    source.close();
  }
}

function readInterpreter(
  pid: number,
  memory: ProcessMemory,
  runtime: Address,
  offsets: DebugOffsets,
): Interpreter {
  const { id, next, remoteDebuggingEnabled } = offsets.interpreter;
  let address = readPointer(memory, runtime + offsets.runtime.interpretersHead);
  let subInterpreters = 0;
  // The newest comes first; the main one is number 0, and last.
  while (address !== 0 && readWord(memory, address + id, 8) !== 0) {
    address = readPointer(memory, address + next);
    if (++subInterpreters > MAX_INTERPRETERS) throw torn();
  }
  if (address === 0) throw torn();
  if (readWord(memory, address + remoteDebuggingEnabled, 4) !== 1) {
    throw new StrataError(
      `process ${pid} cannot be asked from outside: remote debugging is disabled in it`,
      'start it without PYTHON_DISABLE_REMOTE_DEBUG and -X disable-remote-debug, or with -X perf',
    );
  }
  const interpreter = { address, offsets, subInterpreters };
  if (readThreads(memory, interpreter).length === 0) throw torn();
  return interpreter;
}

/** The threads of an interpreter, its main thread first. @throws StrataError where they cannot be followed */
export function readThreads(memory: ProcessMemory, interpreter: Interpreter): PythonThread[] {
  const { address, offsets } = interpreter;
  const threads: PythonThread[] = [];
  const main = readPointer(memory, address + offsets.interpreter.threadsMain);
  let state = readPointer(memory, address + offsets.interpreter.threadsHead);
  while (state !== 0) {
    if (threads.length === MAX_THREADS) throw torn();
    const nativeId = readWord(memory, state + offsets.thread.nativeThreadId, 8);
    const owner = readPointer(memory, state + offsets.thread.interpreter);
    if (nativeId === undefined || owner !== address) throw torn();
    if (state === main) threads.unshift({ state, nativeId });
    else threads.push({ state, nativeId });
    state = readPointer(memory, state + offsets.thread.next);
  }
  return threads;
}

function readPointer(memory: ProcessMemory, address: Address): Address {
  const value = readWord(memory, address, 8);
  if (value === undefined || value < 0 || value % 8 !== 0) throw torn();
  return value;
}

function torn(): StrataError {
  return new StrataError(
    'the interpreter’s structures do not fit together: it is starting or ending',
  );
}

/** A signed number of memory. */
function readWord(memory: ProcessMemory, address: Address, size: 4 | 8): number | undefined {
  const bytes = memory.read(address, size);
  if (bytes === undefined) return undefined;
  const cursor = new Cursor(bytes, 'CPython');
  return size === 4 ? cursor.i32() : cursor.address();
}

/** The kernel's number of a process's thread, in our own PID namespace; `undefined` where it has ended. */
export function taskOf(pid: number, nativeId: number): number | undefined {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/task`);
  } catch {
    return undefined;
  }
  if (innermostPid(pid) === pid) return names.includes(`${nativeId}`) ? nativeId : undefined;
  return names.map(Number).find((tid) => innermostPid(tid) === nativeId);
}
