/** Programs with fewer rights than the tests have. */
import { spawnSync } from 'node:child_process';
import { chownSync, constants, copyFileSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { TestContext } from 'node:test';

import { run, repositoryRoot, STRATA, type Run } from './cli.js';
import { skipOrFail } from './pythons.js';
import type { Workplace } from './recordings.js';

/** A user that no one else is, and that has no entry in /etc/passwd. */
export const ORDINARY_USER = 54_321;

const AS_USER = [
  'setpriv',
  `--reuid=${ORDINARY_USER}`,
  `--regid=${ORDINARY_USER}`,
  '--clear-groups',
  '--inh-caps=-all',
];

/** Whether this process may become others; else the test is skipped. */
export function needsRoot(t: TestContext): boolean {
  if (process.getuid?.() === 0 && spawnSync('setpriv', ['true']).status === 0) return true;
  skipOrFail(t, 'root', 'only root becomes another user, by setpriv');
  return false;
}

/** Runs of the program by an ordinary user, in a folder that is the user's own. */
export class OrdinaryUser {
  private readonly program: readonly string[];

  constructor(private readonly workplace: Workplace) {
    for (const folder of [workplace.folder, workplace.home]) {
      chownSync(folder, ORDINARY_USER, ORDINARY_USER);
    }
    const direct = [process.execPath, STRATA];
    this.program = isReachable(direct) ? direct : copyProgram(workplace.path('program'));
  }

  strata(...argv: string[]): Promise<Run> {
    const { folder, environment } = this.workplace;
    const [program, ...words] = asUser([...this.program, ...argv]);
    return run(program, words, { cwd: folder, env: environment });
  }
}

/** A command, run as the ordinary user. */
export function asUser(command: readonly string[]): string[] {
  return [...AS_USER, ...command];
}

function isReachable(program: readonly string[]): boolean {
  const [first, ...argv] = asUser([...program, '--version']);
  return spawnSync(first, argv, { cwd: '/' }).status === 0;
}

/** Copies Node.js, the built program and what it depends on. @returns the command to run it */
function copyProgram(folder: string): string[] {
  const node = join(folder, 'node');
  const built = dirname(dirname(STRATA));
  const modules = join(repositoryRoot(), 'node_modules');
  mkdirSync(folder);
  copyFileSync(process.execPath, node, constants.COPYFILE_FICLONE);
  cpSync(built, join(folder, 'built'), { recursive: true });
  copyFileSync(join(repositoryRoot(), 'package.json'), join(folder, 'package.json'));
  for (const name of ['koffi', '@koromix', 'commander', 'gecko-profiler-demangle']) {
    if (!existsSync(join(modules, name))) continue;
    cpSync(join(modules, name), join(folder, 'node_modules', name), { recursive: true });
  }
  spawnSync('chown', ['-R', `${ORDINARY_USER}`, folder]);
  return [node, join(folder, 'built', relative(built, STRATA))];
}
