/**
 * Programs that choose an interpreter by rules of their own (a version file, a project's environment):
 * they are asked what they would choose. None of them runs the user's program for that.
 */
import { spawnSync } from 'node:child_process';
import { basename, dirname, isAbsolute, join } from 'node:path';

import { takeOptions, type OptionSyntax } from './words.js';
import type { CommandState } from './wrappers.js';

/**
 * Runs a program and returns what it writes, trimmed; `undefined` where it fails. For a caller that has no
 * time nothing is run: {@link NEVER_ASK}.
 */
export type Ask = (
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
) => string | undefined;

const TIMEOUT_MS = 20_000;

export const askProgram: Ask = ([program, ...args], env, cwd) => {
  const { status, stdout } = spawnSync(program, args, {
    env,
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: TIMEOUT_MS,
  });
  return status === 0 ? stdout.trim() : undefined;
};

export const NEVER_ASK: Ask = () => undefined;

export interface Launched {
  /** Who chose: `pyenv`, `uv`. */
  readonly by: string;
  /** What it starts; `undefined` where it would not say. */
  readonly next: CommandState | undefined;
}

/**
 * The program that a shim stands for.
 * @param file the shim, links not followed
 * @param real the same, links followed
 * @param head its beginning
 */
export function throughShim(
  file: string,
  real: string,
  head: string,
  state: CommandState,
  ask: Ask,
): Launched | undefined {
  const name = basename(file);
  const chosen = (by: string, ...argv: string[]): Launched => {
    const path = ask(argv, state.env, state.cwd);
    return { by, next: path && isAbsolute(path) ? inFolder(path, state) : undefined };
  };
  // pyenv-rehash and asdf's reshim write these lines.
  const pyenv = /^exec "([^"\n]*\bpyenv)" exec "\$program"/m.exec(head);
  if (pyenv !== null) return chosen('pyenv', pyenv[1], 'which', name);
  const asdf = /^exec "?([^"\n]*\basdf)"? exec "?([^"\s]+)"? "\$@"/m.exec(head);
  if (asdf !== null) return chosen('asdf', asdf[1], 'which', asdf[2]);
  // mise's shims are links to itself.
  if (basename(real) === 'mise' && name !== 'mise') return chosen('mise', real, 'which', name);
  return undefined;
}

/** The chosen program, with its folder in front of `PATH`, as all of them start it. */
function inFolder(program: string, { argv, env, cwd }: CommandState): CommandState {
  const path = [dirname(program), ...(env['PATH'] === undefined ? [] : [env['PATH']])].join(':');
  return { argv: [program, ...argv.slice(1)], env: { ...env, PATH: path }, cwd };
}

/** A tool that runs commands in a project's environment. */
interface Runner extends OptionSyntax {
  /** What makes it print the environment's interpreter, or its folder. */
  readonly ask: readonly string[];
  /** It runs Python files by their name, and has `-m`. */
  readonly runsFiles?: boolean;
}

const RUNNERS: Readonly<Record<string, Runner>> = {
  uv: {
    ask: ['python', 'find'],
    short: 'pwifPC',
    long: (
      'extra no-extra group no-group only-group with with-editable with-requirements env-file python ' +
      'project directory package index default-index index-url extra-index-url find-links cache-dir ' +
      'config-file refresh-package upgrade-package reinstall-package link-mode color'
    ).split(' '),
    runsFiles: true,
  },
  poetry: { ask: ['env', 'info', '--path'], short: 'CP', long: ['directory', 'project'] },
  pdm: { ask: ['info', '--python'], short: 'pc', long: ['project', 'config'] },
  pipenv: { ask: ['--py'] },
  hatch: { ask: ['env', 'find'], short: 'ep', long: ['env', 'project', 'data-dir', 'config'] },
  // The environment that it makes for an application is of this interpreter.
  pipx: {
    ask: ['environment', '--value', 'PIPX_DEFAULT_PYTHON'],
    short: 'i',
    long: ['spec', 'python', 'index-url', 'pip-args', 'with'],
  },
};

/** Options of `uv run` that say which environment is meant, as `uv python find` takes them. */
const PROJECT = ['project', 'directory'];
const PYTHON = ['python', 'p'];

/** What `uv run`, `poetry run` and their like start; `undefined` where the command is none of them. */
export function throughRunner(file: string, state: CommandState, ask: Ask): Launched | undefined {
  const name = basename(file);
  // It makes an environment of its own when it runs.
  if (name === 'uvx') return { by: name, next: undefined };
  if (!Object.hasOwn(RUNNERS, name)) return undefined;
  const runner = RUNNERS[name];
  const front = takeOptions(state.argv.slice(1), runner);
  if (front.rest[0] !== 'run') return undefined;
  const { options, rest } = takeOptions(front.rest.slice(1), runner);
  const question = [...runner.ask];
  if (name === 'uv') {
    for (const [option, value] of [...front.options, ...options]) {
      if (value === undefined) continue;
      if (PROJECT.includes(option)) question.push(`--${option}`, value);
      if (PYTHON.includes(option)) question.push(value);
    }
  }
  const answer = ask([file, ...question], state.env, state.cwd)
    ?.split('\n')
    .at(-1);
  if (answer === undefined || !isAbsolute(answer) || rest.length === 0) {
    return { by: name, next: undefined };
  }
  const python = /python[^/]*$/.test(answer) ? answer : join(answer, 'bin', 'python');
  const asModule = options.some(([option]) => option === 'm' || option === 'module');
  const argv = asModule ? ['-m', ...rest] : rest;
  const isPython =
    asModule || name === 'pipx' || (runner.runsFiles === true && isPythonFile(rest[0]));
  const started = inFolder(python, state);
  return { by: name, next: { ...started, argv: isPython ? [python, ...argv] : argv } };
}

function isPythonFile(word: string): boolean {
  return word === '-' || /\.pyw?$/.test(word);
}
