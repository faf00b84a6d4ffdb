/** The places for symbols that a person names: what is not there is a slip, and not to be passed over. */
import { openSync, closeSync, readdirSync } from 'node:fs';

import { StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';
import { debuginfodFromEnvironment } from '../symbolize/debuginfod.js';
import type { SymbolOptions } from '../symbolize/options.js';

/**
 * Where symbols are looked for: as the command line and the environment say.
 * @throws StrataError where a folder or file that was named cannot be read
 */
export function symbolPlaces(symbols: SymbolOptions): SymbolOptions {
  const { symfs, symbolDirs = [], perfMapDir, kallsyms, vmlinux } = symbols;
  requireReadable('--symfs', symfs, readdirSync);
  for (const folder of symbolDirs) requireReadable('--symbol-dir', folder, readdirSync);
  requireReadable('--perf-map-dir', perfMapDir, readdirSync);
  requireReadable('--kallsyms', kallsyms, openAndClose);
  requireReadable('--vmlinux', vmlinux, openAndClose);
  const debuginfod = debuginfodFromEnvironment(process.env);
  return debuginfod === undefined ? symbols : { ...symbols, debuginfod };
}

function requireReadable(
  flag: string,
  path: string | undefined,
  read: (path: string) => unknown,
): void {
  if (path === undefined) return;
  try {
    read(path);
  } catch (error) {
    throw new StrataError(`${flag} ${path} cannot be read: ${describeSystemError(error)}`);
  }
}

function openAndClose(path: string): void {
  closeSync(openSync(path, 'r'));
}
