/**
 * Files that samples lie in and that no one finds by their path: of containers and other root folders, and
 * those that were replaced while programs had them mapped. Copies of them go to perf's build-ID cache, where
 * Strata and perf look for what a path does not lead to.
 */
import type { CodeModule } from '../../session/modules.js';
import { buildIdOfFile } from '../processes/mapped-build-ids.js';
import { addToBuildIdCache } from './buildid-cache.js';

/** @returns what could not be kept, as a sentence each */
export function keepForeignFiles(modules: Iterable<CodeModule>): string[] {
  const notes: string[] = [];
  for (const { path, image } of modules) {
    if (!path.startsWith('/') || image?.buildId === undefined) continue;
    const { buildId, source } = image;
    if (source.name === path || buildIdOfFile(path) === buildId) continue;
    try {
      addToBuildIdCache(path, buildId, source);
    } catch (error) {
      notes.push(
        `functions of ${path} will have no names, as it could not be kept: ${String(error)}`,
      );
    }
  }
  return notes;
}
