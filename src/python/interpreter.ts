/**
 * Which interpreter a command runs. What stands between a command and its interpreter is followed step by
 * step as the kernel and the tools would, without running the user's program:
 *
 *     timeout 60 app       wrapper
 *     app                  ~/.local/bin/app, a script: #!/home/u/venv/bin/python -I
 *     venv/bin/python      a link of a virtual environment
 *     /usr/bin/python3.12  the interpreter
 */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { statOf } from '../base/source.js';
import { readStart } from '../linux/system.js';
import { findProgram } from '../linux/programs.js';
import { describeProgram } from './interpreter-file.js';
import { askProgram, throughRunner, throughShim, type Ask, type Launched } from './launchers.js';
import { parseExecTrick, parseShebang } from './shebang.js';
import { parseStart, type PythonStart } from './start.js';
import { unwrap, type CommandState } from './wrappers.js';

/** One thing between the command and the interpreter. */
export interface ResolutionStep {
  readonly kind: 'wrapper' | 'script' | 'shim' | 'runner' | 'environment';
  /** A wrapper's or tool's name, a script's path, an environment's folder. */
  readonly what: string;
}

export interface ResolvedInterpreter {
  readonly found: true;
  /** The program's own file, links followed. */
  readonly path: string;
  /** As it is started: perhaps a link in a virtual environment, which finds its packages by that. */
  readonly program: string;
  /** Where the interpreter's code is in a library: that file, `undefined` where it was not found. */
  readonly library: string | undefined;
  /** A program of another kind that has Python inside: it is started with arguments of its own. */
  readonly embeds: boolean;
  /** The words after the program, by which it is told what to run. */
  readonly args: readonly string[];
  readonly start: PythonStart;
  readonly env: NodeJS.ProcessEnv;
  readonly steps: readonly ResolutionStep[];
}

export interface NoInterpreter {
  readonly found: false;
  /**
   * `missing`: there is no such program. `native`: it is one, and has no Python in it. `unknown`: it would
   * have to run.
   */
  readonly why: 'missing' | 'native' | 'unknown';
  /** A sentence without a full stop. */
  readonly reason: string;
  readonly steps: readonly ResolutionStep[];
}

export type Resolution = ResolvedInterpreter | NoInterpreter;

/** Nobody stacks more; what goes in a circle ends here. */
const MAX_STEPS = 24;
/** A script's beginning, in which its kind is told. */
const HEAD = 4096;

/**
 * Finds the interpreter behind a command.
 * @param command program and arguments
 * @param ask runs a version manager to hear what it would choose; `NEVER_ASK` keeps it from that
 */
export function resolveInterpreter(
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  cwd: string = process.cwd(),
  ask: Ask = askProgram,
): Resolution {
  const steps: ResolutionStep[] = [];
  let state: CommandState = { argv: command, env, cwd };
  const none = (why: NoInterpreter['why'], reason: string): NoInterpreter => ({
    found: false,
    why,
    reason,
    steps,
  });
  for (let i = 0; i < MAX_STEPS; i++) {
    const [program] = state.argv;
    if (program === undefined) return none('missing', 'no program is named');
    const file = findProgram(program, state.env['PATH'], state.cwd);
    if (file === undefined) return none('missing', whyMissing(program, state.cwd));

    const inner = unwrap(basename(program), state);
    if (inner !== undefined) {
      steps.push({ kind: 'wrapper', what: basename(program) });
      state = inner;
      continue;
    }
    const real = realpathSync(file);
    const head = readStart(real, HEAD);
    const launched = launchedBy(file, real, head, state, ask);
    if (launched !== undefined) {
      const { by, kind, next } = launched;
      if (next === undefined) return none('unknown', `${by} does not say what it would run`);
      steps.push({ kind, what: by });
      state = next;
      continue;
    }
    if (!head.startsWith('#!')) return describeFile(file, real, state, steps, none);
    const next = throughScript(file, head, state, ask);
    if (next === undefined) {
      return none('unknown', `${file} is a script, and what it starts is known only when it runs`);
    }
    steps.push({ kind: 'script', what: file });
    state = next;
  }
  return none('unknown', 'the command goes in a circle');
}

function whyMissing(program: string, cwd: string): string {
  if (!program.includes('/')) return `there is no program ${program} in PATH`;
  const there = statOf(resolve(cwd, program));
  if (there === undefined) return `${program} is not there`;
  const what = there.isDirectory() ? 'is a directory' : 'may not be executed: chmod +x lets it';
  return `${program} ${what}`;
}

function launchedBy(
  file: string,
  real: string,
  head: string,
  state: CommandState,
  ask: Ask,
): (Launched & { kind: 'shim' | 'runner' }) | undefined {
  const shim = throughShim(file, real, head, state, ask);
  if (shim !== undefined) return { ...shim, kind: 'shim' };
  const runner = throughRunner(file, state, ask);
  return runner && { ...runner, kind: 'runner' };
}

/** What the kernel makes of a script; `undefined` of a shell's, which may start anything. */
function throughScript(
  file: string,
  head: string,
  state: CommandState,
  ask: Ask,
): CommandState | undefined {
  const args = state.argv.slice(1);
  const trick = parseExecTrick(head);
  if (trick !== undefined) return { ...state, argv: [...trick, file, ...args] };
  const shebang = parseShebang(head);
  if (shebang === undefined) return undefined;
  const { interpreter, argument } = shebang;
  if (SHELLS.test(basename(interpreter)) || isShellByEnv(interpreter, argument)) {
    return throughShell(file, state, ask);
  }
  const option = argument === undefined ? [] : [argument];
  return { ...state, argv: [interpreter, ...option, file, ...args] };
}

const SHELLS = /^(?:ba|da|z|k|a|fi)?sh$/;
const PYTHON_NAME = /^python[23]?(?:\.\d+)?t?$/;

function isShellByEnv(interpreter: string, argument = ''): boolean {
  return (
    basename(interpreter) === 'env' && SHELLS.test(argument.replace(/^-S\s+/, '').split(/\s/)[0])
  );
}

/** A shell script that is called `python` takes Python's options: it can say whom it starts. */
function throughShell(file: string, state: CommandState, ask: Ask): CommandState | undefined {
  if (!PYTHON_NAME.test(basename(file))) return undefined;
  const question = 'import sys; print(sys.executable)';
  const program = ask([file, '-I', '-S', '-c', question], state.env, state.cwd);
  return program ? { ...state, argv: [program, ...state.argv.slice(1)] } : undefined;
}

function describeFile(
  file: string,
  path: string,
  { argv, env }: CommandState,
  steps: ResolutionStep[],
  none: (why: NoInterpreter['why'], reason: string) => NoInterpreter,
): Resolution {
  const known = describeProgram(path, env);
  if (known === undefined) {
    const pypy = /^pypy/.test(basename(path));
    return none(
      'native',
      pypy ? `${path} is PyPy, which gives no names to profilers` : `${path} has no Python in it`,
    );
  }
  const environment = environmentOf(file);
  if (environment !== undefined) steps.push({ kind: 'environment', what: environment });
  const args = argv.slice(1);
  return {
    found: true,
    path,
    program: file,
    library: known.library,
    embeds: known.embeds,
    args,
    start: known.embeds ? { runs: 'input' } : parseStart(args),
    env,
    steps,
  };
}

/** The virtual environment that a program is started in (PEP 405). */
function environmentOf(program: string): string | undefined {
  const folder = dirname(program);
  return [folder, dirname(folder)].find((candidate) => existsSync(join(candidate, 'pyvenv.cfg')));
}
