/** What an interpreter is told by its own options (`Python/initconfig.c`, `Python/getopt.c`). */

export interface PythonStart {
  /** The option that makes it ignore `PYTHON*` variables, as written: `-I`, `-E`, `-IS`. */
  readonly ignoresEnvironment?: string;
  /** `-X perf`, `-X perf_jit`: perf support whatever the environment says. */
  readonly perf?: 'map' | 'jit';
  /** What it runs: the name of a module or script; of code or standard input nothing. */
  readonly runs: 'script' | 'module' | 'code' | 'input';
  readonly name?: string;
}

/** Options whose value is the rest of the word, or the next word. */
const WITH_VALUE = 'XWQ';

/** @param args the words after the interpreter's own name */
export function parseStart(args: readonly string[]): PythonStart {
  let ignoresEnvironment: string | undefined;
  let perf: PythonStart['perf'];
  const done = (runs: PythonStart['runs'], name?: string): PythonStart => ({
    runs,
    ...(name !== undefined && { name }),
    ...(ignoresEnvironment !== undefined && { ignoresEnvironment }),
    ...(perf !== undefined && { perf }),
  });
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '-') return done('input');
    if (arg === '--') return i + 1 < args.length ? done('script', args[i + 1]) : done('input');
    if (!arg.startsWith('-')) return done('script', arg);
    if (arg.startsWith('--')) {
      if (arg === '--check-hash-based-pycs') i++;
      continue;
    }
    for (let at = 1; at < arg.length; at++) {
      const option = arg[at];
      if (option === 'I' || option === 'E') ignoresEnvironment ??= arg;
      if (option === 'c') return done('code');
      const takesValue = option === 'm' || WITH_VALUE.includes(option);
      if (!takesValue) continue;
      const value = at + 1 < arg.length ? arg.slice(at + 1) : args[++i];
      if (option === 'm') return done('module', value);
      if (option === 'X') perf = perfOption(value) ?? perf;
      break;
    }
  }
  return done('input');
}

function perfOption(value: string | undefined): PythonStart['perf'] {
  if (value === 'perf') return 'map';
  return value === 'perf_jit' ? 'jit' : undefined;
}
