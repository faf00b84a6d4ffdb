/** An installed perf, and the folders that a recording and its names go to. */
import { formatBytes } from '../base/units.js';
import { shellQuoted } from '../measure/shell-words.js';
import { keepsFramePointers } from '../python/frame-pointers.js';
import { byHand, checksOf, type Check } from './check.js';
import type { FolderFacts } from './folder-facts.js';
import type { InterpreterFacts } from './interpreter.js';
import { readsPythonDumps, type PerfFacts } from './perf-version.js';

/** A minute of many threads' samples. */
const LITTLE_SPACE = 256 * 1024 * 1024;
/** Not even the names fit. */
const NO_SPACE = 1024 * 1024;

/** @param interpreter what the command runs, if that is known */
export function perfChecks(
  perf: PerfFacts | undefined,
  interpreter: InterpreterFacts | undefined,
): Check[] {
  const { ok, warn } = checksOf('perf');
  if (perf === undefined) return [ok('perf', 'perf', 'not installed; Strata does not need it')];
  const { version, path } = perf;
  if (version === undefined) {
    return [warn('perf', 'perf', `${path} does not run; Strata does not need it`)];
  }
  const checks = [
    readsPythonDumps(version)
      ? ok('perf', 'perf', `${version}, which reads CPython’s jitdumps (-X perf_jit), too`)
      : warn(
          'perf',
          'perf',
          `${version} misreads CPython’s jitdumps (-X perf_jit), 6.7.2 and 6.8 or later do not` +
            `${/^\d+\.\d+-\d/.test(version) ? ' (behind the hyphen stands the package’s own number)' : ''}` +
            '; Strata reads them itself',
        ),
  ];
  const pointers = interpreter?.inspected.code?.framePointers;
  if (pointers !== undefined) {
    checks.push(
      keepsFramePointers(pointers)
        ? ok('perf-stacks', 'perf record -g', 'can follow this interpreter’s frame pointers')
        : warn(
            'perf-stacks',
            'perf record -g',
            'shows wrong stacks of this interpreter, which has no frame pointers; strata record shows ' +
              'right ones',
          ),
    );
  }
  return checks;
}

export interface FolderChoices {
  /** Where CPython writes the names of its functions: `/tmp`, whatever TMPDIR says. */
  readonly temporary: FolderFacts;
  /** Where recordings are written. */
  readonly output: FolderFacts;
  /** `~/.debug`. */
  readonly buildIdCache: FolderFacts;
}

export function folderChecks({ temporary, output, buildIdCache }: FolderChoices): Check[] {
  return [temporaryCheck(temporary), outputCheck(output), cacheCheck(buildIdCache)];
}

function temporaryCheck({ path, writable, readOnly, noexec, free }: FolderFacts): Check {
  const { ok, warn, fail } = checksOf('files');
  const id = 'temporary';
  if (!writable || readOnly) {
    return fail(
      id,
      path,
      `${readOnly ? 'read-only' : 'not writable'}: CPython cannot write the names of its functions there, ` +
        'and knows no other place',
    );
  }
  if (free < NO_SPACE) {
    return fail(id, path, `full: CPython writes the names of its functions there`);
  }
  if (noexec) {
    return warn(
      id,
      path,
      'writable, but noexec: perf maps work, jitdumps (-X perf_jit) do not, as they are mapped ' +
        'executable to be found',
    );
  }
  return ok(id, path, `writable, ${formatBytes(free)} free`);
}

function outputCheck({ path, writable, readOnly, free }: FolderFacts): Check {
  const { ok, warn } = checksOf('files');
  const id = 'output';
  const title = 'this folder';
  if (!writable || readOnly) {
    return warn(
      id,
      title,
      `${path} is ${readOnly ? 'read-only' : 'not writable'}: record needs -o with another place`,
    );
  }
  const space = `${formatBytes(free)} free`;
  if (free < LITTLE_SPACE) return warn(id, title, `${path} has only ${space} for recordings`);
  return ok(id, title, `writable, ${space}`);
}

function cacheCheck({ path, writable, blocked, readOnly }: FolderFacts): Check {
  const { ok, warn } = checksOf('files');
  const id = 'buildid-cache';
  const title = '~/.debug';
  if (writable && !readOnly)
    return ok(id, title, 'writable: perf report finds Python’s names there');
  if (blocked) {
    return warn(
      id,
      title,
      `${path} is no folder: perf report will not find Python’s names, Strata has them in the recording`,
      byHand(`mv ${shellQuoted(path)} ${shellQuoted(`${path}.old`)}`),
    );
  }
  return warn(
    id,
    title,
    `${readOnly ? 'read-only' : 'not writable'}: perf report will not find Python’s names, Strata has ` +
      'them in the recording',
  );
}
