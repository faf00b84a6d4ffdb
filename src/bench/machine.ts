/** What the figures were measured on. */
import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

import { StrataError } from '../base/errors.js';
import { formatBytes } from '../base/units.js';
import { pythons } from '../testing/pythons.js';

/** The first version that has trampolines. */
const FIRST_MINOR = 12;

/** The interpreter to run. @throws StrataError where there is none */
export function chooseInterpreter(asked: string | undefined): string {
  if (asked !== undefined) return asked;
  const able = pythons().filter(({ version }) => version[1] >= FIRST_MINOR);
  // Those that tests unpack are newer than what people run.
  const found = able.find(({ source }) => source !== 'debian') ?? able[0];
  if (found === undefined) {
    throw new StrataError(`no CPython 3.${FIRST_MINOR} or newer was found`, 'name one: --python');
  }
  return found.path;
}

/** Lines that name the machine and the programs. */
export function describeMachine(python: string): string[] {
  const [cpu] = cpus();
  const perf = firstLine('perf', '--version');
  return [
    `${cpus().length} CPUs ${cpu?.model ?? ''}, ${formatBytes(totalmem())}, Linux ${release()}`,
    `Node.js ${process.version}, ${firstLine(python, '--version') ?? python}, ${perf ?? 'no perf'}`,
  ];
}

function firstLine(program: string, argument: string): string | undefined {
  const { error, stdout } = spawnSync(program, [argument], { encoding: 'utf8' });
  return error === undefined ? stdout.trim().split('\n')[0] : undefined;
}
