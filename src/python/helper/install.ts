/** Puts the Python module where an interpreter finds it, and takes it away again. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { StrataError } from '../../base/errors.js';
import { describeSystemError } from '../../base/source.js';
import { HELPER_MARK, HELPER_NAME, HELPER_TEXT } from './module.js';

/** Where a virtual environment has its modules, else the user. `-S -I` would hide both. */
const ASK_FOLDER = `
import sys, sysconfig
name = "venv" if sys.prefix != sys.base_prefix else "user"
import site
print(sysconfig.get_path("purelib") if name == "venv" else site.getusersitepackages())
print(1 if name == "venv" or site.ENABLE_USER_SITE else 0)
`;

/**
 * The folder in which an interpreter finds modules that its user installs.
 * @throws StrataError where it does not run, or takes none
 */
export function modulesFolder(python: string): string {
  let answer: string;
  try {
    answer = execFileSync(python, ['-c', ASK_FOLDER], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
    });
  } catch (error) {
    const { code, stderr = '' } = error as NodeJS.ErrnoException & { readonly stderr?: string };
    const reason =
      code === undefined ? stderr.trim().split('\n').at(-1) : describeSystemError(error);
    throw new StrataError(
      `${python} does not say where its modules are: ${reason}`,
      '--python PY names another',
    );
  }
  const [folder, isUsed] = answer.trim().split('\n').slice(-2);
  if (isUsed !== '1' || !folder.startsWith('/')) {
    throw new StrataError(
      `${python} takes no modules of its user`,
      'name a folder on its path: --target DIR',
    );
  }
  return folder;
}

/** @returns the file's path @throws StrataError where it cannot be written, or another module has its name */
export function installHelper(folder: string): string {
  const path = join(folder, HELPER_NAME);
  refuseOther(path, 'replace');
  const unnamed = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(folder, { recursive: true });
    // A half module would be imported, and would pass for somebody else’s.
    writeFileSync(unnamed, HELPER_TEXT);
    renameSync(unnamed, path);
  } catch (error) {
    rmSync(unnamed, { force: true });
    throw new StrataError(
      `cannot write ${path}: ${describeSystemError(error)}`,
      '--target DIR names another folder',
    );
  }
  return path;
}

/** @returns the path of the file that was removed; `undefined` where there was none @throws StrataError */
export function removeHelper(folder: string): string | undefined {
  const path = join(folder, HELPER_NAME);
  if (!refuseOther(path, 'remove')) return undefined;
  try {
    unlinkSync(path);
  } catch (error) {
    throw new StrataError(`cannot remove ${path}: ${describeSystemError(error)}`);
  }
  return path;
}

/** Whether the file is there. @throws StrataError where it is not ours */
function refuseOther(path: string, what: string): boolean {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw new StrataError(`cannot read ${path}: ${describeSystemError(error)}`);
  }
  if (!text.includes(HELPER_MARK)) {
    throw new StrataError(
      `will not ${what} ${path}: it is another module of this name`,
      '--target DIR names another folder',
    );
  }
  return true;
}
