/** What is known of the servers of debug information, as elfutils' client has it in its environment. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import type { Bytes } from '../base/units.js';

/** A value. */
export interface DebuginfodOptions {
  readonly urls: readonly string[];
  readonly cacheFolder: string;
  /** In which a server must have sent 100 KB, or all of a smaller file; 0 is for ever. */
  readonly timeoutSeconds: number;
  /** Larger files are not downloaded; 0 is any size. */
  readonly maxSize: Bytes;
}

const DEFAULT_TIMEOUT_SECONDS = 90;

/**
 * As elfutils' client reads the environment (debuginfod-client-config(7)); `undefined` where
 * `DEBUGINFOD_URLS` names no server.
 */
export function debuginfodFromEnvironment(
  environment: NodeJS.ProcessEnv,
): DebuginfodOptions | undefined {
  const { DEBUGINFOD_URLS, DEBUGINFOD_TIMEOUT, DEBUGINFOD_MAXSIZE } = environment;
  // Words such as `ima:enforcing` between the URLs are about signatures of RPM files.
  const urls = (DEBUGINFOD_URLS ?? '').split(/\s+/).filter((word) => /^https?:\/\//.test(word));
  if (urls.length === 0) return undefined;
  return {
    urls,
    cacheFolder: cacheFolder(environment),
    timeoutSeconds: numberOf(DEBUGINFOD_TIMEOUT, DEFAULT_TIMEOUT_SECONDS),
    maxSize: numberOf(DEBUGINFOD_MAXSIZE, 0),
  };
}

function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const { DEBUGINFOD_CACHE_PATH, XDG_CACHE_HOME } = environment;
  const home = environment.HOME ?? homedir();
  if (DEBUGINFOD_CACHE_PATH) return DEBUGINFOD_CACHE_PATH;
  const deprecated = join(home, '.debuginfod_client_cache');
  if (existsSync(deprecated)) return deprecated;
  return join(XDG_CACHE_HOME || join(home, '.cache'), 'debuginfod_client');
}

/** A whole number of at least 0, as C's `atoi` would find it. */
function numberOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number.parseInt(text, 10);
  return Number.isSafeInteger(value) ? Math.max(0, value) : 0;
}
