/**
 * Why interpreters that were sampled gave no names of their Python functions.
 *
 * CPython names them only where its perf support is on (3.12 and later), which `strata record` asks for in
 * the environment: some interpreters cannot, and some are told not to listen.
 */
import { readFileSync } from 'node:fs';

import { isInterpreterModule } from '../../python/layers.js';
import type { CodeModule } from '../../session/modules.js';

/** What an interpreter was started with. */
export interface InterpreterStart {
  /** Whether `-I` or `-E` makes it ignore `PYTHON*` variables. */
  readonly ignoresEnvironment: boolean;
  /** `PYTHONPERFSUPPORT` is set to something that turns it on. */
  readonly perfSupport: boolean;
  /** `PYTHON_PERF_JIT_SUPPORT`, likewise. */
  readonly jitSupport: boolean;
}

/** One `exec` of an interpreter; the processes forked from it share it. */
interface Interpreter {
  /** Its program, or its libpython where it has one. */
  path: string;
  /** `undefined` where the process had ended before it could be asked. */
  readonly start: InterpreterStart | undefined;
}

const NAMELESS = 'Python functions in';

/** A recording's result but for what was said of names before it began. */
export function withoutNameless<Result extends { readonly notes: readonly string[] }>(
  result: Result,
): Result {
  return { ...result, notes: result.notes.filter((note) => !note.startsWith(NAMELESS)) };
}

/** The interpreters among the processes of a recording. */
export class Interpreters {
  private readonly byPid = new Map<number, Interpreter>();

  /** A process mapped a file. */
  mapped(pid: number, path: string): void {
    if (!isInterpreterModule(path)) return;
    const known = this.byPid.get(pid);
    if (known === undefined) this.byPid.set(pid, { path, start: readStart(pid) });
    else if (path.includes('/libpython')) known.path = path;
  }

  forked(pid: number, parentPid: number): void {
    const interpreter = this.byPid.get(parentPid);
    if (interpreter !== undefined) this.byPid.set(pid, interpreter);
  }

  executed(pid: number): void {
    this.byPid.delete(pid);
  }

  /**
   * A sentence for each reason why sampled interpreters have no names.
   * @param sampled processes with samples
   * @param arenas those with generated code, and those of them where some of it has names
   * @param asked whether the recorder asked for perf support
   */
  notes(
    sampled: Iterable<number>,
    arenas: { readonly all: Iterable<number>; readonly named: Iterable<number> },
    modules: Iterable<CodeModule>,
    asked: boolean,
  ): string[] {
    const moduleOf = new Map([...modules].map((module) => [module.path, module]));
    const having = (pids: Iterable<number>): Set<Interpreter | undefined> =>
      new Set([...pids].map((pid) => this.byPid.get(pid)));
    const named = having(arenas.named);
    const withArena = having(arenas.all);
    const notes = new Set<string>();
    for (const interpreter of having(sampled)) {
      if (interpreter === undefined || named.has(interpreter)) continue;
      const reason = whyNameless(
        interpreter,
        moduleOf.get(interpreter.path),
        withArena.has(interpreter),
        asked,
      );
      if (reason !== undefined) {
        notes.add(`${NAMELESS} ${interpreter.path} have no names: ${reason}`);
      }
    }
    return [...notes];
  }
}

function whyNameless(
  { path, start }: Interpreter,
  module: CodeModule | undefined,
  hasArena: boolean,
  asked: boolean,
): string | undefined {
  const version = /python(\d)\.(\d+)[^/]*$/.exec(path);
  if (version !== null && Number(version[1]) * 100 + Number(version[2]) < 312) {
    return `CPython ${version[1]}.${version[2]} has no perf support, 3.12 and later have`;
  }
  if (module?.image !== undefined && module.trampoline === undefined) {
    return 'this interpreter was built without perf support';
  }
  if (start?.jitSupport === true && !start.ignoresEnvironment) {
    return 'it ran with PYTHON_PERF_JIT_SUPPORT, and its jitdump is missing or cannot be read';
  }
  if (hasArena) return 'its perf map in /tmp is missing or cannot be read';
  if (!asked) return 'perf support was not turned on (--python off)';
  if (start?.ignoresEnvironment === true) {
    return 'it ignored PYTHONPERFSUPPORT, as -I and -E tell it to (-X perf turns it on all the same)';
  }
  if (start?.perfSupport === false) return 'it was started without PYTHONPERFSUPPORT=1';
  return undefined;
}

function readStart(pid: number): InterpreterStart | undefined {
  const args = readStrings(`/proc/${pid}/cmdline`);
  const environment = readStrings(`/proc/${pid}/environ`);
  if (args === undefined || environment === undefined || args.length === 0) return undefined;
  return describeStart(args, environment);
}

/** Strings that each end with a zero byte. */
function readStrings(path: string): string[] | undefined {
  try {
    return readFileSync(path, 'latin1').split('\0').slice(0, -1);
  } catch {
    return undefined;
  }
}

/** @param environment `NAME=value` each */
export function describeStart(
  args: readonly string[],
  environment: readonly string[],
): InterpreterStart {
  // CPython takes an empty value for none, and "0" for off.
  const isOn = (name: string): boolean => {
    const entry = environment.find((line) => line.startsWith(`${name}=`));
    return entry !== undefined && !['', '0'].includes(entry.slice(name.length + 1));
  };
  return {
    ignoresEnvironment: ignoresEnvironment(args),
    perfSupport: isOn('PYTHONPERFSUPPORT'),
    jitSupport: isOn('PYTHON_PERF_JIT_SUPPORT'),
  };
}

/** Whether `-I` or `-E` is among the interpreter's own options, before `-c`, `-m` or a file. */
function ignoresEnvironment(args: readonly string[]): boolean {
  for (let i = 1; i < args.length; i++) {
    const arg = args[i];
    if (!/^-[^-]/.test(arg)) return false;
    for (let at = 1; at < arg.length; at++) {
      const option = arg[at];
      if (option === 'I' || option === 'E') return true;
      if (option === 'c' || option === 'm') return false;
      if (option === 'X' || option === 'W') {
        // Its value is the rest, or the next word.
        if (at === arg.length - 1) i++;
        break;
      }
    }
  }
  return false;
}
