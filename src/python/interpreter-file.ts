/** Which ELF files are Python interpreters, and where their code is: in the program or in libpython. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { orUndefined } from '../base/errors.js';
import { FileSource } from '../base/source.js';
import { readDynamicLinking, type DynamicLinking } from '../formats/elf/dynamic.js';
import { ElfImage } from '../formats/elf/image.js';
import { exportedSymbol } from '../formats/elf/symbols.js';
import { isInterpreterModule } from './layers.js';

export interface InterpreterFile {
  /** The library that holds the interpreter's code; `undefined` where the program itself does. */
  readonly libraryName: string | undefined;
  /** Where the library is; `undefined` where there is none, or it was not found. */
  readonly library: string | undefined;
  /** A program of another kind that has Python inside: a web server, a database. */
  readonly embeds: boolean;
}

const LIBPYTHON = /^libpython[23][^/]*\.so/;
const LOADER_FOLDERS = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/usr/local/lib'];
/** Debian's folders of one architecture. */
const MULTIARCH = ['x86_64-linux-gnu', 'aarch64-linux-gnu'];

/**
 * What a program is to Python; `undefined` where it has none, or is no ELF file.
 * @param path links followed
 */
export function describeProgram(path: string, env: NodeJS.ProcessEnv): InterpreterFile | undefined {
  return withElf(path, (image) => {
    const linking = orUndefined(() => readDynamicLinking(image));
    const libraryName = linking && libpythonOf(linking);
    const isInterpreter = isInterpreterModule(path);
    if (libraryName !== undefined && linking !== undefined) {
      const library = findLibrary(libraryName, path, linking, env);
      return { libraryName, library, embeds: !isInterpreter };
    }
    // A program that has the whole interpreter inside exports it to extension modules.
    const hasPython = isInterpreter || exportedSymbol(image, 'Py_BytesMain') !== undefined;
    return hasPython
      ? { libraryName: undefined, library: undefined, embeds: !isInterpreter }
      : undefined;
  });
}

/** Whether the interpreter is not in this program, but in a library that it loads. */
export function loadsLibpython(program: ElfImage): boolean {
  const linking = orUndefined(() => readDynamicLinking(program));
  return linking !== undefined && libpythonOf(linking) !== undefined;
}

function libpythonOf({ needed }: DynamicLinking): string | undefined {
  return needed.find((name) => LIBPYTHON.test(name));
}

/** Opens an ELF file for as long as `use` takes; `undefined` where it is none, or is damaged. */
export function withElf<T>(path: string, use: (image: ElfImage) => T): T | undefined {
  return orUndefined(() => {
    const source = new FileSource(path);
    try {
      return use(ElfImage.read(source));
    } finally {
      source.close();
    }
  });
}

/** As the dynamic linker looks (ld.so(8)), without its cache. */
function findLibrary(
  name: string,
  program: string,
  { runPath }: DynamicLinking,
  env: NodeJS.ProcessEnv,
): string | undefined {
  const origin = dirname(program);
  const folders = [
    ...(env['LD_LIBRARY_PATH'] ?? '').split(/[:;]/).filter((folder) => folder !== ''),
    ...runPath.map((folder) => folder.replace(/\$\{?ORIGIN\}?/g, origin)),
    ...LOADER_FOLDERS.flatMap((folder) => [...MULTIARCH.map((arch) => join(folder, arch)), folder]),
    // Where an installation was moved, or is seen from outside of its own root.
    join(origin, '..', 'lib'),
    ...MULTIARCH.map((arch) => join(origin, '..', 'lib', arch)),
  ];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  return found && realpathSync(found);
}

/** `3.12` of `python3.12`, `libpython3.12.so.1.0`. */
export function versionInName(path: string): readonly [major: number, minor: number] | undefined {
  const match = /python(\d)\.(\d+)[^/]*$/.exec(basename(path));
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}
