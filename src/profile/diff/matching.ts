/**
 * The same file or module of two recordings under different paths: another checkout, another
 * installation, another micro version of the interpreter.
 */
import { libraryOfFile, shortFile } from '../libraries.js';

/** What a thing may be recognised by, strictest first; each side's own names at equal rank are compared. */
type Keys<T> = readonly ((item: T) => string | undefined)[];

/** Numbers things, the same for what is the same: one of all recordings by each number. */
export class Matcher<T> {
  readonly known: T[] = [];

  constructor(private readonly keys: Keys<T>) {}

  /**
   * The numbers of one recording's things. A key matches two that nothing stricter did, where each side has
   * one of it; a loose key that two have, as `__init__.py`, tells nothing.
   */
  match(items: readonly T[]): Int32Array {
    const numbers = new Int32Array(items.length).fill(-1);
    const taken = new Uint8Array(this.known.length);
    for (const keyOf of this.keys) {
      const old = uniqueKeys(this.known, keyOf, (index) => taken[index] === 0);
      const fresh = uniqueKeys(items, keyOf, (index) => numbers[index] < 0);
      for (const [key, item] of fresh) {
        const number = old.get(key);
        if (number === undefined || number < 0 || item < 0) continue;
        numbers[item] = number;
        taken[number] = 1;
      }
    }
    items.forEach((item, index) => {
      if (numbers[index] < 0) numbers[index] = this.known.push(item) - 1;
    });
    return numbers;
  }
}

/** The index of each key's thing; -1 of a key that several have. */
function uniqueKeys<T>(
  items: readonly T[],
  keyOf: (item: T) => string | undefined,
  isOpen: (index: number) => boolean,
): Map<string, number> {
  const indexes = new Map<string, number>();
  items.forEach((item, index) => {
    const key = isOpen(index) ? keyOf(item) : undefined;
    if (key !== undefined) indexes.set(key, indexes.has(key) ? -1 : index);
  });
  return indexes;
}

/** How many of the last parts of a path tell files of one's own apart, at most. */
const MOST_PARTS = 4;

/** Of source files: the path, its place in an installation, the end of the path. */
export const FILE_KEYS: Keys<string> = [
  (file) => file,
  (file) => (libraryOfFile(file) === undefined ? undefined : shortFile(file)),
  ...Array.from({ length: MOST_PARTS }, (_, index) => (file: string) => {
    if (file.startsWith('<') || libraryOfFile(file) !== undefined) return undefined;
    return file
      .split('/')
      .slice(index - MOST_PARTS)
      .join('/');
  }),
];

export interface ModuleName {
  readonly name: string;
  readonly path: string;
}

/** Of modules: the path, the file's name, the name without versions. */
export const MODULE_KEYS: Keys<ModuleName> = [
  ({ path }) => path,
  ({ name }) => name,
  ({ name }) => withoutVersion(name),
];

/**
 * `libz.so` of `libz.so.1.2.13`, `_json.so` of `_json.cpython-312-x86_64-linux-gnu.so`; CPython, which is a
 * program or a library: `python`; `perf.map` of `perf-123.map`.
 */
export function withoutVersion(name: string): string {
  if (/^(lib)?python3?[\d.]*[dmtu]*(\.so[\d.]*)?$/.test(name)) return 'python';
  return name
    .replace(/^(perf|jit|jitted)-\d+/, '$1')
    .replace(/\.so[.\d]*$/, '.so')
    .replace(/-\d[\d.]*\.so$/, '.so')
    .replace(/\.(cpython-|abi3|pypy)[^/]*\.so$/, '.so');
}
