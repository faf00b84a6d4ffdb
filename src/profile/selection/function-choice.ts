/** Functions chosen by patterns of names. */
import { basename } from 'node:path';

import { moduleOfFile, shortFile } from '../libraries.js';
import { matchNames, type NamePattern } from './names.js';
import { Layer, type Profile } from '../profile.js';

/** 1 for each function whose name as reports show it is matched. */
export function functionsNamed(
  { functions, strings }: Profile,
  patterns: readonly NamePattern[],
): Uint8Array {
  return matchNames(
    patterns,
    Array.from(functions.name, (name) => strings[name]),
  );
}

/**
 * 1 for each function of a module that is matched: of a Python function its module or any package that
 * holds it (`json.decoder`, `json`), of all else its file (`libz.so.1`, `/usr/lib/libz.so.1`).
 */
export function functionsOfModules(profile: Profile, patterns: readonly NamePattern[]): Uint8Array {
  const { functions } = profile;
  const ofModule = modulesNamed(profile, patterns);
  const ofFile = matchFiles(profile, pythonModulesNamed, patterns);
  return functions.layer.map((layer, func) => {
    const file = functions.file[func];
    if (layer === Layer.Python && file >= 0) return ofFile.get(file) ?? 0;
    const module = functions.module[func];
    return module < 0 ? 0 : ofModule[module];
  });
}

/** 1 for each function whose source file's path is matched. */
export function functionsOfFiles(profile: Profile, patterns: readonly NamePattern[]): Uint8Array {
  const ofFile = matchFiles(profile, matchNames, patterns);
  return Uint8Array.from(profile.functions.file, (file) => ofFile.get(file) ?? 0);
}

/** 1 for each module that is a file of which the name or the path is matched. */
export function modulesNamed(
  { modules, strings }: Profile,
  patterns: readonly NamePattern[],
): Uint8Array {
  const [byName, byPath] = [modules.name, modules.path].map((column) =>
    matchNames(
      patterns,
      Array.from(column, (text) => strings[text]),
    ),
  );
  return byName.map((matched, module) => matched | byPath[module]);
}

/** By source file, an index into `strings`: 1 where it is matched. Many functions have the same. */
function matchFiles(
  { functions, strings }: Profile,
  match: (patterns: readonly NamePattern[], names: readonly string[]) => Uint8Array,
  patterns: readonly NamePattern[],
): ReadonlyMap<number, number> {
  const files = [...new Set(functions.file)].filter((file) => file >= 0);
  const matched = match(
    patterns,
    files.map((file) => strings[file]),
  );
  return new Map(files.map((file, index) => [file, matched[index]]));
}

/** 1 for each source file that is such a Python module, or lies in such a package. */
function pythonModulesNamed(
  patterns: readonly NamePattern[],
  files: readonly string[],
): Uint8Array {
  const names = patterns.filter((pattern) => typeof pattern === 'string');
  const others = patterns.filter((pattern) => typeof pattern !== 'string');
  return matchNames(others, files.map(moduleOfFile)).map((matched, index) =>
    matched === 1 || names.some((name) => isOfPythonModule(files[index], name)) ? 1 : 0,
  );
}

function isOfPythonModule(file: string, name: string): boolean {
  if (name === file || name === basename(file) || name === moduleOfFile(file)) return true;
  const path = shortFile(file).replace(/(?:\/__init__)?\.pyc?$/, '');
  return `/${path}/`.includes(`/${name.replaceAll('.', '/')}/`);
}
