/** Files that tests read, in `fixtures/` of the repository. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The path of a fixture, wherever the tests were built to. */
export function fixturePath(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const path = join(folder, 'fixtures', name);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) throw new Error(`there is no fixture ${name}`);
    folder = dirname(folder);
  }
}

export function readFixture(name: string): Uint8Array {
  return readFileSync(fixturePath(name));
}
