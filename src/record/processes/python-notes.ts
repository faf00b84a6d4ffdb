/**
 * Why interpreters that were sampled gave no names of their Python functions.
 *
 * CPython names them only where its perf support is on (3.12 and later), which `strata record` asks for in
 * the environment: some interpreters cannot, and some are told not to listen.
 */
import { readFileSync } from 'node:fs';

import { loadsLibpython, versionInName } from '../../python/interpreter-file.js';
import { isInterpreterModule } from '../../python/layers.js';
import { parseStart } from '../../python/start.js';
import type { CodeModule } from '../../session/modules.js';

/** Whether interpreters were asked for names: at their start, not at all, or while they run. */
export type NamesAsked = 'at start' | 'off' | 'running' | 'not of running';

/** What an interpreter was started with. */
export interface InterpreterStart {
  /** Whether `-I` or `-E` makes it ignore `PYTHON*` variables. */
  readonly ignoresEnvironment: boolean;
  /** Which perf support is on: by a perf map or a jitdump. */
  readonly perf: 'map' | 'jit' | undefined;
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

  /** A process has become another program, or has ended. */
  forget(pid: number): void {
    this.byPid.delete(pid);
  }

  /**
   * A sentence for each reason why sampled interpreters have no names.
   * @param sampled processes with samples
   * @param arenas those with generated code, and those of them where some of it has names
   */
  notes(
    sampled: Iterable<number>,
    arenas: { readonly all: Iterable<number>; readonly named: Iterable<number> },
    modules: Iterable<CodeModule>,
    asked: NamesAsked,
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
  asked: NamesAsked,
): string | undefined {
  const [major = 3, minor = Infinity] = versionInName(path) ?? [];
  if (major === 3 && minor < 12) {
    return `CPython ${major}.${minor} has no perf support, 3.12 and later have`;
  }
  if (module?.image !== undefined && module.trampoline === undefined) {
    // A process that ended before it had loaded its interpreter ran no Python.
    if (loadsLibpython(module.image)) return undefined;
    return 'this interpreter was built without perf support';
  }
  if (start?.perf === 'jit') {
    return 'it ran with perf support by jitdump, which is missing or cannot be read';
  }
  if (hasArena && asked === 'running') {
    return 'those that ran were called before perf support was switched on, and get names when they are called again';
  }
  if (hasArena) return 'its perf map in /tmp is missing or cannot be read';
  if (asked === 'off') return 'perf support was not turned on (--python off)';
  // Of what is not known nothing is said.
  if (start === undefined || start.perf !== undefined) return undefined;
  if (asked === 'running') return 'perf support is off in it';
  if (asked === 'not of running') {
    return minor < 14
      ? `perf support is off in it, and CPython ${major}.${minor} has it only from its start on, by -X perf or PYTHONPERFSUPPORT=1`
      : 'perf support is off in it: --python attach turns it on in CPython 3.14 and later, -X perf at its start';
  }
  return start.ignoresEnvironment
    ? 'it ignored PYTHONPERFSUPPORT, as -I and -E tell it to (-X perf turns it on all the same)'
    : 'it was started without PYTHONPERFSUPPORT=1';
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

/**
 * @param args the interpreter's own name and what follows it
 * @param environment `NAME=value` each
 */
export function describeStart(
  args: readonly string[],
  environment: readonly string[],
): InterpreterStart {
  const { ignoresEnvironment, perf } = parseStart(args.slice(1));
  // CPython takes an empty value for none, and "0" for off.
  const isOn = (name: string): boolean => {
    const entry = environment.find((line) => line.startsWith(`${name}=`));
    return entry !== undefined && !['', '0'].includes(entry.slice(name.length + 1));
  };
  const ignores = ignoresEnvironment !== undefined;
  const byEnvironment = ignores
    ? undefined
    : isOn('PYTHON_PERF_JIT_SUPPORT')
      ? 'jit'
      : isOn('PYTHONPERFSUPPORT')
        ? 'map'
        : undefined;
  return { ignoresEnvironment: ignores, perf: perf ?? byEnvironment };
}
