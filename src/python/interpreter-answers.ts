/** What an interpreter says of itself, asked by running it without the user's code, site or environment. */
import { spawnSync } from 'node:child_process';

export interface InterpreterAnswers {
  /** `cpython`, `pypy`. */
  readonly implementation: string;
  readonly version: readonly [major: number, minor: number, micro: number];
  /** `3.15.0b4+`. */
  readonly versionText: string;
  /** All of its configuration's compiler flags, as one text. */
  readonly compilerFlags: string;
  /** Arguments of its `configure`. */
  readonly configArguments: string;
  /** `PY_HAVE_PERF_TRAMPOLINE`; `undefined` before 3.12. */
  readonly perfTrampoline: boolean | undefined;
  readonly freeThreaded: boolean;
  /** Built with `--with-pydebug`. */
  readonly debugBuild: boolean;
  /** `sys._jit`, of 3.14 and later: whether there is a JIT, and whether it is on without being told. */
  readonly jit: { readonly available: boolean; readonly enabled: boolean } | undefined;
  /** Built with `--with-tail-call-interp`; `undefined` before 3.14. */
  readonly tailCall: boolean | undefined;
  /** Whether another process may make it run a script (PEP 768); `undefined` before 3.14. */
  readonly remoteDebug: boolean | undefined;
  /** The file that its code was mapped from, where it is a library. */
  readonly library: string | undefined;
}

/** It runs in any Python 3; what a version does not know becomes null. */
const QUESTIONS = `
import json, sys
def ask(question):
    try:
        return question()
    except Exception:
        return None
def variables():
    import sysconfig
    return sysconfig.get_config_vars()
v = ask(variables) or {}
flags = ' '.join(str(v[k]) for k in v if k.endswith('CFLAGS') or k == 'OPT')
jit = ask(lambda: [sys._jit.is_available(), sys._jit.is_enabled()])
maps = ask(lambda: open('/proc/self/maps', encoding='utf-8', errors='surrogateescape').read()) or ''
library = [l.split(None, 5)[5] for l in maps.splitlines() if '/libpython' in l and 'x' in l.split(None, 2)[1]]
json.dump({
    'implementation': sys.implementation.name,
    'version': list(sys.version_info[:3]),
    'versionText': sys.version.split()[0],
    'compilerFlags': flags,
    'configArguments': str(v.get('CONFIG_ARGS') or ''),
    'perfTrampoline': v.get('PY_HAVE_PERF_TRAMPOLINE'),
    'freeThreaded': v.get('Py_GIL_DISABLED') == 1,
    'debugBuild': hasattr(sys, 'gettotalrefcount'),
    'jit': jit,
    'tailCall': v.get('_Py_TAIL_CALL_INTERP', v.get('Py_TAIL_CALL_INTERP')),
    'remoteDebug': ask(lambda: sys.is_remote_debug_enabled()),
    'library': library[0] if library else None,
}, sys.stdout)
`;

const TIMEOUT_MS = 20_000;
const MAX_ANSWER = 1 << 20;

/**
 * Runs an interpreter for what it knows of itself.
 * @returns a sentence's end where it cannot be run, or does not answer
 */
export function askInterpreter(
  program: string,
  env: NodeJS.ProcessEnv,
): InterpreterAnswers | string {
  // Isolated, without site and without writing .pyc files: nothing of the user's runs or changes.
  const { error, status, signal, stdout, stderr } = spawnSync(
    program,
    ['-I', '-S', '-B', '-c', QUESTIONS],
    {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      maxBuffer: MAX_ANSWER,
    },
  );
  if (error !== undefined) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ETIMEDOUT' ? 'it does not answer' : `it cannot be run (${code})`;
  }
  const last = stderr.trim().split('\n').at(-1);
  if (status !== 0) return `it ends with ${signal ?? `code ${status}`}${last ? `: ${last}` : ''}`;
  try {
    return understand(JSON.parse(stdout) as RawAnswers);
  } catch {
    return 'its answer cannot be understood';
  }
}

interface RawAnswers extends Pick<
  InterpreterAnswers,
  | 'implementation'
  | 'versionText'
  | 'compilerFlags'
  | 'configArguments'
  | 'freeThreaded'
  | 'debugBuild'
> {
  readonly version: [number, number, number];
  readonly perfTrampoline: number | null;
  readonly jit: [boolean, boolean] | null;
  readonly tailCall: number | null;
  readonly remoteDebug: boolean | null;
  readonly library: string | null;
}

function understand(raw: RawAnswers): InterpreterAnswers {
  const [, minor] = raw.version;
  const { configArguments } = raw;
  return {
    ...raw,
    // sysconfig has a line for it from 3.12 on, which is commented out where it is not supported.
    perfTrampoline: minor >= 12 ? raw.perfTrampoline === 1 : undefined,
    jit: raw.jit === null ? undefined : { available: raw.jit[0], enabled: raw.jit[1] },
    tailCall:
      minor >= 14
        ? raw.tailCall === 1 || /--with-tail-call-interp(?!=no)/.test(configArguments)
        : undefined,
    remoteDebug: raw.remoteDebug ?? undefined,
    library: raw.library ?? undefined,
  };
}
