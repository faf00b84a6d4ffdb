/**
 * Programs that choose an interpreter by rules of their own (a version file, a project's environment):
 * they are asked what they would choose. None of them runs the user's program for that.
 */
import { spawnSync } from 'node:child_process';
import { basename, dirname, isAbsolute, join } from 'node:path';

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
interface Runner {
  /** What makes it print the environment's interpreter, or its folder. */
  readonly ask: readonly string[];
  /** Options of `run` that take a value. */
  readonly valued: readonly string[];
  /** It runs Python files by their name, and has `-m`. */
  readonly runsFiles?: boolean;
}

const RUNNERS: Readonly<Record<string, Runner>> = {
  uv: {
    ask: ['python', 'find'],
    valued: [
      '--extra --group --only-group --with --with-editable --with-requirements --python -p',
      '--project --directory --env-file --index --default-index --package --no-extra --no-group',
      '-w --cache-dir --config-file --refresh-package --link-mode --color',
    ]
      .join(' ')
      .split(' '),
    runsFiles: true,
  },
  poetry: { ask: ['env', 'info', '--path'], valued: ['-C', '--directory', '-P', '--project'] },
  pdm: { ask: ['info', '--python'], valued: ['-p', '--project', '-s', '--site-packages'] },
  pipenv: { ask: ['--py'], valued: [] },
  hatch: { ask: ['env', 'find'], valued: [] },
  // The environment that it makes for an application is of this interpreter.
  pipx: {
    ask: ['environment', '--value', 'PIPX_DEFAULT_PYTHON'],
    valued: ['--spec', '--python', '--index-url', '-i', '--pip-args', '--with'],
  },
};

/** Options of uv that say which environment is meant. */
const CHOOSES_ENVIRONMENT = ['--python', '-p', '--project', '--directory'];

/** What `uv run`, `poetry run` and their like start; `undefined` where the command is none of them. */
export function throughRunner(file: string, state: CommandState, ask: Ask): Launched | undefined {
  const name = basename(file);
  const { argv, env, cwd } = state;
  if (!Object.hasOwn(RUNNERS, name) || argv[1] !== 'run') return undefined;
  const { ask: question, valued, runsFiles } = RUNNERS[name];
  let i = 2;
  const told: string[] = [];
  let asModule = false;
  for (; i < argv.length && argv[i].startsWith('-') && argv[i] !== '-'; i++) {
    if (argv[i] === '--') {
      i++;
      break;
    }
    if (argv[i] === '-m' || argv[i] === '--module') asModule = true;
    const [option] = argv[i].split('=', 1);
    const words = valued.includes(argv[i]) ? argv.slice(i, ++i + 1) : [argv[i]];
    if (name === 'uv' && CHOOSES_ENVIRONMENT.includes(option)) told.push(...words);
  }
  const rest = argv.slice(i);
  const answer = ask([file, ...question, ...told], env, cwd)
    ?.split('\n')
    .at(-1);
  if (answer === undefined || !isAbsolute(answer) || rest.length === 0) {
    return { by: name, next: undefined };
  }
  const python = /python[^/]*$/.test(answer) ? answer : join(answer, 'bin', 'python');
  const command = interpreterCommand(python, rest, asModule, runsFiles === true || name === 'pipx');
  const started = inFolder(python, { ...state, argv: command });
  return { by: name, next: { ...started, argv: command } };
}

function interpreterCommand(
  python: string,
  rest: string[],
  asModule: boolean,
  runsFiles: boolean,
): string[] {
  if (asModule) return [python, '-m', ...rest];
  const isFile = rest[0] === '-' || /\.pyw?$/.test(rest[0]);
  return runsFiles && isFile ? [python, ...rest] : rest;
}
