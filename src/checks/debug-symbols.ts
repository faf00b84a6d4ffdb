/** Where the names are that an interpreter was stripped of, and what fetches them. */
import { spawnSync } from 'node:child_process';

import {
  debuginfodServer,
  distributionIds,
  isListed,
  isOfDistribution,
} from '../symbolize/advice.js';
import { SymbolFiles } from '../symbolize/files.js';
import { isMissing, openElf } from '../symbolize/open-elf.js';
import { asRoot, byHand, type Mend } from './check.js';

/** The installed debug file of an ELF file. */
export function findDebugFile(path: string): string | undefined {
  const module = openElf(path, undefined);
  if (module === undefined || isMissing(module)) return undefined;
  const found = new SymbolFiles().debugFile(module);
  module.source.close();
  found?.source.close();
  return found?.path;
}

/**
 * What fetches the debug symbols of a distribution's interpreter; `undefined` of one that was built here:
 * whoever stripped it has them.
 */
export function debugSymbolsMend(path: string, version: readonly number[]): Mend | undefined {
  if (!isOfDistribution(path)) return undefined;
  const ids = distributionIds();
  const [major, minor] = version;
  const python = `python${major}.${minor}`;
  // Debian's and Ubuntu's own names; the program is in python3.N-minimal, the library in libpython3.N.
  for (const [owner, debug] of [
    [`${python}-minimal`, `${python}-dbg`],
    [`lib${python}`, `lib${python}-dbg`],
  ]) {
    if (ids.includes('debian') && isListed(owner, path)) return asRoot(`apt-get install ${debug}`);
  }
  const owner = ids.includes('fedora') ? rpmOwner(path) : undefined;
  if (owner !== undefined) return asRoot(`dnf debuginfo-install ${owner}`);
  const server = debuginfodServer(ids);
  return server === undefined ? undefined : byHand(`export DEBUGINFOD_URLS=${server}`);
}

function rpmOwner(path: string): string | undefined {
  const { status, stdout } = spawnSync('rpm', ['-qf', '--queryformat', '%{NAME}', path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 && /^[\w.+-]+$/.test(stdout) ? stdout : undefined;
}
