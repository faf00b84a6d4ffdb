/** What is fuzzed: a reader, and sound files for it. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { fixturePath } from '../testing/fixtures.js';
import type { Field, Seed } from './mutate.js';

export interface Target {
  readonly format: string;
  /** The sound files; the same in each run of the same checkout. */
  readonly seeds: () => readonly Seed[];
  /** Reads everything that there is in a file, as the program would. */
  readonly run: (bytes: Uint8Array) => void;
}

/** Larger files would take the runs' time for copies. */
const MOST_BYTES = 64 << 10;

/** The files of a folder of `fixtures/` whose names match, with their fields. */
export function fixtureSeeds(
  folder: string,
  pattern: RegExp,
  fieldsOf: (bytes: Uint8Array) => readonly Field[],
): Seed[] {
  const path = fixturePath(folder);
  return readdirSync(path)
    .sort()
    .map((name) => join(path, name))
    .filter((file) => pattern.test(basename(file)) && statSync(file).size <= MOST_BYTES)
    .map((file) => seed(basename(file), readFileSync(file), fieldsOf));
}

export function seed(
  name: string,
  bytes: Uint8Array,
  fieldsOf: (bytes: Uint8Array) => readonly Field[],
): Seed {
  return { name, bytes, fields: fieldsOf(bytes) };
}
