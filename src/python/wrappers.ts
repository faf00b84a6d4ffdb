/**
 * Programs that start the command in their arguments: `env`, `nice -n 5`, `timeout 10`. What they do
 * beside is of no interest here; where the command begins is.
 */
import { resolve } from 'node:path';

import { divide, takeOptions, type OptionSyntax } from './words.js';

/** A command with what it is run in. */
export interface CommandState {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** How a wrapper's own words end: by its manual page. */
interface Wrapper extends OptionSyntax {
  /** Words between the options and the command. */
  readonly operands?: number;
  /** `NAME=VALUE` may stand before the command. */
  readonly assignments?: boolean;
}

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  nice: { short: 'n', long: ['adjustment'] },
  nohup: {},
  setsid: {},
  timeout: { short: 'ks', long: ['kill-after', 'signal'], operands: 1 },
  stdbuf: { short: 'ioe', long: ['input', 'output', 'error'] },
  time: { short: 'fo', long: ['format', 'output'] },
  ionice: { short: 'cn', long: ['class', 'classdata'] },
  taskset: { operands: 1 },
  chrt: {
    short: 'TPD',
    long: ['sched-runtime', 'sched-period', 'sched-deadline'],
    operands: 1,
  },
  numactl: {
    short: 'CNimp',
    long: ['interleave', 'membind', 'cpunodebind', 'physcpubind', 'preferred'],
  },
  prlimit: {},
  sudo: {
    short: 'CDghpRrTtu',
    long: ['user', 'group', 'chdir', 'close-from', 'host', 'prompt', 'role', 'type', 'chroot'],
    assignments: true,
  },
  doas: { short: 'Cu' },
  'xvfb-run': { short: 'efnpsw', long: ['server-num', 'server-args', 'error-file', 'auth-file'] },
  tini: { short: 'pe' },
  'dumb-init': { short: 'r', long: ['rewrite'] },
  gosu: { operands: 1 },
  'su-exec': { operands: 1 },
};

/** The command that a wrapper starts; `undefined` where the program, by its name, is no wrapper. */
export function unwrap(name: string, state: CommandState): CommandState | undefined {
  if (name === 'env') return unwrapEnv(state);
  if (!Object.hasOwn(WRAPPERS, name)) return undefined;
  const wrapper = WRAPPERS[name];
  const { rest } = takeOptions(state.argv.slice(1), wrapper);
  const argv = rest.slice(wrapper.operands ?? 0);
  if (wrapper.assignments !== true) return { ...state, argv };
  return { ...state, ...takeAssignments(argv, state.env) };
}

/** env(1), with `-S`, which shebangs need for more than one word. */
function unwrapEnv({ argv: [, ...args], env, cwd }: CommandState): CommandState {
  const syntax = { short: 'uCS', long: ['unset', 'chdir', 'split-string'], dash: true };
  let environment = { ...env };
  let folder = cwd;
  let words = args;
  for (let splits = 0; ; splits++) {
    const { options, rest } = takeOptions(words, syntax, ['S', 'split-string']);
    let split: string | undefined;
    for (const [name, value = ''] of options) {
      if (name === 'i' || name === 'ignore-environment' || name === '') environment = {};
      else if (name === 'u' || name === 'unset') delete environment[value];
      else if (name === 'C' || name === 'chdir') folder = resolve(folder, value);
      else if (name === 'S' || name === 'split-string') split = value;
    }
    // An option of its own may follow in the text: `-S -i python`. Nesting has no use and no end.
    if (split === undefined || splits === 8) {
      return { cwd: folder, ...takeAssignments(rest, environment) };
    }
    words = [...splitString(split, environment), ...rest];
  }
}

function takeAssignments(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): Pick<CommandState, 'argv' | 'env'> {
  const environment = { ...env };
  let i = 0;
  for (; i < words.length && words[i].includes('='); i++) {
    const [name, value] = divide(words[i]);
    environment[name] = value;
  }
  return { argv: words.slice(i), env: environment };
}

/** `env -S`: words by blanks, with quotes, backslashes and `${NAME}`. */
function splitString(text: string, env: NodeJS.ProcessEnv): string[] {
  const words = text.match(/(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+/g) ?? [];
  const comment = words.findIndex((word) => word.startsWith('#'));
  return (comment < 0 ? words : words.slice(0, comment)).map((word) =>
    word.replace(
      /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|\$\{(\w+)\}/g,
      (_, single?: string, double?: string, escaped?: string, name?: string) =>
        single ?? double?.replace(/\\(.)/g, '$1') ?? escaped ?? env[name ?? ''] ?? '',
    ),
  );
}
