/**
 * Whose code a function is: the programmer's own, or a library's, and then which library's. Told from
 * the source file's path as CPython lays out its installations (site.py, sysconfig).
 */
import { basename } from 'node:path';

import { Layer, type Profile } from './profile.js';
import { WAITS_MODULE } from './waits.js';

/** `json` of `/usr/lib/python3.12/json/decoder.py`; the library after the last matching folder. */
const INSTALLED = /^.*\/(?:site|dist)-packages\/([^/]+)/;
const STANDARD = /^.*\/(?:lib|lib64|Lib)\/python3\.\d+t?\/([^/]+)/;
const ZIPPED = /^.*\/python3\d+\.zip\/([^/]+)/;
const FROZEN = /^<frozen ([^>]+)>/;

/** The library that a Python source file belongs to; `undefined` where it is nobody's library. */
export function libraryOfFile(file: string): string | undefined {
  const frozen = FROZEN.exec(file);
  if (frozen !== null) return frozen[1].split('.')[0];
  const match = INSTALLED.exec(file) ?? STANDARD.exec(file) ?? ZIPPED.exec(file);
  return match?.[1].replace(/\.pyc?$/, '');
}

/** `json/decoder.py`: the path inside the installation; the whole path of what is not installed. */
export function shortFile(file: string): string {
  for (const place of [INSTALLED, STANDARD, ZIPPED]) {
    const match = place.exec(file);
    if (match !== null) return file.slice(match[0].length - match[1].length);
  }
  return file;
}

/**
 * The Python module that a source file is: `json.decoder` of what is installed; of other files, of which
 * nobody says where their packages begin, the last part: `benchmark`.
 */
export function moduleOfFile(file: string): string {
  const frozen = FROZEN.exec(file);
  if (frozen !== null) return frozen[1];
  const short = shortFile(file).replace(/(?:\/__init__)?\.pyc?$/, '');
  if (short.startsWith('<')) return short;
  return (libraryOfFile(file) === undefined ? basename(short) : short).replaceAll('/', '.');
}

/** In the place of a library's index: the programmer's own code, and what is nobody's. */
export const OWN = -1;
const NOBODYS = -2;

/** Per function, the library's name as an index into `names`, {@link OWN} or less. */
export interface Libraries {
  readonly of: Int32Array;
  readonly names: readonly string[];
}

/**
 * Whatever is not Python belongs to its module: `libc.so.6`, `[kernel]`. What a thread waits for is nobody's
 * library: it is worth reading whoever called.
 */
export function libraries({ functions, modules, strings }: Profile): Libraries {
  const names: string[] = [];
  const indexOf = new Map<string, number>();
  const of = new Int32Array(functions.length);
  for (let func = 0; func < functions.length; func++) {
    const file = functions.file[func];
    const module = functions.module[func];
    const name =
      functions.layer[func] !== Layer.Python
        ? module < 0
          ? '[unknown]'
          : strings[modules.name[module]]
        : file < 0
          ? undefined
          : libraryOfFile(strings[file]);
    if (name === undefined || name === WAITS_MODULE) {
      of[func] = name === undefined ? OWN : NOBODYS;
      continue;
    }
    if (!indexOf.has(name)) indexOf.set(name, names.push(name) - 1);
    of[func] = indexOf.get(name) ?? -1;
  }
  return { of, names };
}
