/** What a person should know before a recording is made, not after it: why it will lack Python's names. */
import { basename } from 'node:path';

import { orUndefined } from '../base/errors.js';
import { symbolNamed } from '../formats/elf/symbols.js';
import { versionInName, withElf } from '../python/interpreter-file.js';
import { resolveInterpreter } from '../python/interpreter.js';
import { NEVER_ASK } from '../python/launchers.js';
import { folderFacts } from './folder-facts.js';
import { hasPerfSupport, isAtLeast } from './versions.js';

export interface RecordSurroundings {
  /** What the command is started with, before `record` adds to it. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/**
 * Sentences about a command that is going to be recorded with the names of its Python functions. Nothing is
 * started for that, so it takes some milliseconds: of a command behind a shim, and of processes that the
 * command starts, nothing is known.
 */
export function warningsForRecord(
  command: readonly string[],
  { env, cwd }: RecordSurroundings,
): string[] {
  const resolved = resolveInterpreter(command, env, cwd, NEVER_ASK);
  if (!resolved.found || resolved.embeds) return [];
  const { start, path, library } = resolved;
  const code = library ?? path;
  const missing = 'names of Python functions will be missing';
  const version = versionInName(code);
  if (version !== undefined && !hasPerfSupport(version)) {
    return [`CPython ${version.join('.')} has no perf support, 3.12 and later have: ${missing}`];
  }
  if (!hasTrampolines(code)) return [`${code} was built without perf support: ${missing}`];

  const warnings: string[] = [];
  const { perf, ignoresEnvironment } = start;
  const { PYTHONPERFSUPPORT, PYTHON_PERF_JIT_SUPPORT, PYTHON_JIT } = resolved.env;
  if (perf === undefined && ignoresEnvironment !== undefined) {
    warnings.push(
      `${basename(path)} ignores the environment (${ignoresEnvironment}): ${missing}; -X perf turns them on`,
    );
  } else if (perf === undefined && PYTHON_PERF_JIT_SUPPORT === undefined) {
    const isOff = PYTHONPERFSUPPORT === '' || PYTHONPERFSUPPORT === '0';
    if (isOff) warnings.push(`PYTHONPERFSUPPORT=${PYTHONPERFSUPPORT} stays as it is: ${missing}`);
  }
  const { writable, readOnly } = folderFacts('/tmp');
  if (!writable || readOnly) warnings.push(`CPython cannot write to /tmp: ${missing}`);
  // Heeded from 3.13 on, where there is a JIT.
  const jit = ignoresEnvironment === undefined && PYTHON_JIT && !PYTHON_JIT.startsWith('0');
  if (jit && version !== undefined && isAtLeast(version, 3, 13)) {
    warnings.push('perf support turns the JIT off, which PYTHON_JIT asks for');
  }
  return warnings;
}

/** True also where the file does not tell. */
function hasTrampolines(path: string): boolean {
  const symbol = (name: string): boolean | undefined =>
    withElf(path, (image) => orUndefined(() => symbolNamed(image, name)) !== undefined);
  return symbol('_Py_trampoline_func_start') !== false || symbol('Py_BytesMain') !== true;
}
