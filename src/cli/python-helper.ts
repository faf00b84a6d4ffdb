/** `strata python-helper`: the Python module, installed or printed. */
import { ExitCode } from '../base/errors.js';
import { installHelper, modulesFolder, removeHelper } from '../python/helper/install.js';
import { HELPER_TEXT } from '../python/helper/module.js';
import type { PythonHelperOptions } from './options/python-helper.js';

export function pythonHelper({ action, python, target }: PythonHelperOptions): number {
  if (action === 'print') {
    process.stdout.write(HELPER_TEXT);
    return ExitCode.Done;
  }
  const folder = target ?? modulesFolder(python);
  const path = action === 'install' ? installHelper(folder) : removeHelper(folder);
  process.stdout.write(`${path ?? `there is none in ${folder}`}\n`);
  return ExitCode.Done;
}
