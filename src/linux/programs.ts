/** Programs as `execvp(3)` finds them. */
import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where glibc looks when `PATH` is not set (`_CS_PATH`). */
const DEFAULT_PATH = '/bin:/usr/bin';

/**
 * The file that a command's first word names: itself where it has a slash, else the first of that name
 * in `path` that may be executed.
 * @param path value of `PATH`; an empty part of it is the working folder
 * @returns an absolute path, links not followed; `undefined` where there is no such program
 */
export function findProgram(
  name: string,
  path: string | undefined,
  cwd: string,
): string | undefined {
  if (name === '' || name.includes('\0')) return undefined;
  if (name.includes('/')) {
    const file = resolve(cwd, name);
    return isExecutable(file) ? file : undefined;
  }
  for (const folder of (path ?? DEFAULT_PATH).split(':')) {
    const file = resolve(cwd, folder, name);
    if (isExecutable(file)) return file;
  }
  return undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
