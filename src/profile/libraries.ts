/**
 * Whose code a function is: the programmer's own, or a library's, and then which library's. Told from
 * the paths of source files and modules as CPython lays out its installations (site.py, sysconfig), which
 * pyenv, uv, conda, Debian and virtual environments all keep to. What is installed for editing (`pip install
 * -e`) lies where its author works on it, and so is own code.
 */
import { basename } from 'node:path';

import { Layer, type Profile } from './profile.js';
import { WAITS_MODULE } from './waits.js';

/** Of `…/site-packages/json5/lib.py`, and of eggs, which are folders or archives there, what is inside. */
const INSTALLED = /^.*\/(?:site|dist)-packages\/(?:[^/]+\.egg\/)?([^/]+)/;
/** `json` of `/usr/lib/python3.12/json/decoder.py`; the library after the last matching folder. */
const STANDARD = /^.*\/(?:lib|lib64|Lib)\/python3\.\d+t?\/(?:lib-dynload\/)?([^/]+)/;
const ZIPPED = /^.*\/python3\d+\.zip\/([^/]+)/;
/** PEP 582's folder, which pdm uses. */
const LOCAL = /^.*\/__pypackages__\/3\.\d+\/lib\/([^/]+)/;
const PLACES = [INSTALLED, STANDARD, ZIPPED, LOCAL];
const FROZEN = /^<frozen ([^>]+)>/;

/** Code that a library made at run time, by what it gives as file; other such is its programmer's. */
const GENERATED: readonly (readonly [file: RegExp, library: string])[] = [
  [/^<attrs generated /, 'attr'],
  [/^<__array_function__ internals>$/, 'numpy'],
  [/^<decorator-gen-\d+>$/, 'decorator'],
];
/** What dataclasses make; its file says `<string>`, as does `python -c`. */
const OF_DATACLASSES = /^__create_fn__\.<locals>\./;

/** The library that a Python source file belongs to; `undefined` where it is nobody's library. */
export function libraryOfFile(file: string): string | undefined {
  if (file.startsWith('<')) {
    const frozen = FROZEN.exec(file);
    if (frozen !== null) return frozen[1].split('.')[0];
    return GENERATED.find(([pattern]) => pattern.test(file))?.[1];
  }
  return installed(file)?.replace(/\.pyc?$/, '');
}

/** The part of a path that follows the folder of an installation. */
function installed(path: string): string | undefined {
  for (const place of PLACES) {
    const match = place.exec(path);
    if (match !== null) return match[1];
  }
  return undefined;
}

/** `json/decoder.py`: the path inside the installation; the whole path of what is not installed. */
export function shortFile(file: string): string {
  for (const place of PLACES) {
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

/** How interpreters tag extension modules (PEP 3149): `.cpython-312-x86_64-linux-gnu.so`, `.abi3.so`. */
const EXTENSION = /\.(?:cpython-3\d+[^/]*|abi3)\.so$/;

/**
 * The library that a module of native code belongs to, by the name of its package where it is installed in
 * one (`numpy` of `…/site-packages/numpy.libs/libopenblas.so`), else by its own: `libc.so.6`, `_json`.
 * `undefined` of extension modules that are not installed: they are the programmer's own.
 */
export function libraryOfModule(name: string, path: string): string | undefined {
  const short = name.endsWith('.so') ? name.replace(EXTENSION, '') : name;
  const place = installed(path);
  if (place !== undefined) return place === name ? short : place.replace(/\.libs$/, '');
  return short === name ? name : undefined;
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
 * What is not Python and has no module belongs to `[unknown]`. What a thread waits for is nobody's library:
 * it is worth reading whoever called. So is native code that is known by its name alone, as folded stacks
 * have it: it may be anyone's.
 */
export function libraries({ functions, modules, strings }: Profile): Libraries {
  const names: string[] = [];
  const indexOf = new Map<string | undefined, number>([
    [undefined, OWN],
    [WAITS_MODULE, NOBODYS],
  ]);
  const index = (name: string | undefined): number => {
    let known = indexOf.get(name);
    if (known === undefined) indexOf.set(name, (known = names.push(name ?? '') - 1));
    return known;
  };
  // Paths are many functions' alike: each is told once.
  const ofFile = new Map<number, number>();
  const ofModule = Int32Array.from(modules.name, (name, module) =>
    index(libraryOfModule(strings[name], strings[modules.path[module]])),
  );
  const unknown = index('[unknown]');
  const of = new Int32Array(functions.length);
  for (let func = 0; func < functions.length; func++) {
    const file = functions.file[func];
    const module = functions.module[func];
    if (functions.layer[func] !== Layer.Python) {
      const library = module < 0 ? unknown : ofModule[module];
      const isNamed = strings[functions.name[func]] !== '[unknown]';
      const isNative = functions.layer[func] === Layer.Native;
      of[func] = library === unknown && isNative && isNamed ? NOBODYS : library;
    } else if (OF_DATACLASSES.test(strings[functions.name[func]])) {
      of[func] = index('dataclasses');
    } else if (file < 0) {
      of[func] = OWN;
    } else {
      let library = ofFile.get(file);
      if (library === undefined) {
        ofFile.set(file, (library = index(libraryOfFile(strings[file]))));
      }
      of[func] = library;
    }
  }
  return { of, names };
}
