/**
 * The Python interpreters that tests run. A test names the version that it needs; where none is there it
 * is skipped, by name and reason, except in CI (`CI` is set), where a skipped test would hide a defect.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/** `[3, 12, 1]`. */
export type PythonVersion = readonly [major: number, minor: number, micro: number];

export interface Python {
  /** Absolute path of the interpreter itself: no shim, no symbolic link, no wrapper script. */
  readonly path: string;
  readonly version: PythonVersion;
  /** As in `3.12.1`; pre-releases carry their suffix. */
  readonly versionText: string;
  /** Who built it: builds differ in frame pointers, stripping and shared libraries. */
  readonly source: 'pyenv' | 'system' | 'debian' | 'given';
}

const NAME = /^python3\.\d+$/;

/**
 * Every CPython 3 found, newest first, one of each path: those that `STRATA_TEST_PYTHONS` names
 * (separated like `PATH`), pyenv's, what `scripts/fetch-debian-python.sh` unpacked, and `PATH`.
 */
export function pythons(): readonly Python[] {
  found ??= findPythons();
  return found;
}

let found: readonly Python[] | undefined;

/**
 * The newest interpreter of at least `min` and, where given, below `below`; or of one source.
 * Where none is there the test is skipped ({@link skipOrFail}) and the result is `undefined`:
 *
 *     const python = requirePython(t, [3, 12]);
 *     if (!python) return;
 */
export function requirePython(
  t: TestContext,
  min: readonly [number, number],
  options: { readonly below?: readonly [number, number]; readonly source?: Python['source'] } = {},
): Python | undefined {
  const { below, source } = options;
  const python = pythons().find(
    (one) =>
      compare(one.version, min) >= 0 &&
      (below === undefined || compare(one.version, below) < 0) &&
      (source === undefined || one.source === source),
  );
  if (python === undefined) {
    const range = `${min.join('.')}${below === undefined ? ' or newer' : ` to below ${below.join('.')}`}`;
    skipOrFail(t, 'python', `no CPython ${range}${source === undefined ? '' : ` of ${source}`}`);
  }
  return python;
}

/** Skips a test for want of `name` on this machine; in CI fails it, since CI has everything. */
export function skipOrFail(t: TestContext, name: string, reason: string): void {
  if (process.env['CI']) throw new Error(`${name}: ${reason} (in CI this is a failure)`);
  t.skip(`${name}: ${reason}`);
}

/** Where `scripts/fetch-debian-python.sh` unpacks the interpreters of Debian's newer suites. */
export function debianPythonsFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'strata-test', 'debian-python');
}

function findPythons(): Python[] {
  const candidates: { path: string; source: Python['source'] }[] = [];
  const add = (source: Python['source'], folder: string, pattern: RegExp): void => {
    for (const name of list(folder)) {
      if (pattern.test(name)) candidates.push({ path: join(folder, name), source });
    }
  };
  for (const path of (process.env['STRATA_TEST_PYTHONS'] ?? '').split(delimiter)) {
    if (path !== '') candidates.push({ path, source: 'given' });
  }
  const pyenv = process.env['PYENV_ROOT'] || join(homedir(), '.pyenv');
  for (const version of list(join(pyenv, 'versions'))) {
    add('pyenv', join(pyenv, 'versions', version, 'bin'), NAME);
  }
  for (const version of list(debianPythonsFolder())) {
    add('debian', join(debianPythonsFolder(), version, 'usr', 'bin'), NAME);
  }
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    // pyenv's shims are shell scripts, and what they start is already in the list.
    if (!folder.includes('shims')) add('system', folder, /^python3(\.\d+)?$/);
  }
  const known = new Map<string, Python>();
  for (const { path, source } of candidates) {
    const python = ask(path, source);
    if (python !== undefined && !known.has(python.path)) known.set(python.path, python);
  }
  return [...known.values()].sort((a, b) => compare(b.version, a.version));
}

/** What an interpreter says of itself; `undefined` where it does not run or is no CPython. */
function ask(path: string, source: Python['source']): Python | undefined {
  if (!existsSync(path)) return undefined;
  const code =
    'import sys; print(sys.implementation.name, *sys.version_info[:3], sys.version.split()[0])';
  try {
    const answer = execFileSync(path, ['-I', '-S', '-c', code], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    });
    const [name, major, minor, micro, versionText] = answer.trim().split(' ');
    if (name !== 'cpython' || versionText === undefined) return undefined;
    const version: PythonVersion = [Number(major), Number(minor), Number(micro)];
    return { path: realpathSync(path), version, versionText, source };
  } catch {
    return undefined;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // a folder that is not there holds no interpreters
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return 0;
}
