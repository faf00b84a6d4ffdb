/** Functions chosen by patterns of names. */
import { basename } from 'node:path';

import { moduleOfFile, shortFile } from '../libraries.js';
import { matchesName, type NamePattern } from './names.js';
import { Layer, type Profile } from '../profile.js';

/** 1 for each function whose name as reports show it is matched. */
export function functionsNamed(
  { functions, strings }: Profile,
  patterns: readonly NamePattern[],
): Uint8Array {
  return Uint8Array.from(functions.name, (name) => (matchesName(patterns, strings[name]) ? 1 : 0));
}

/**
 * 1 for each function of a module that is matched: of a Python function its module or any package that
 * holds it (`json.decoder`, `json`), of all else its file (`libz.so.1`, `/usr/lib/libz.so.1`).
 */
export function functionsOfModules(profile: Profile, patterns: readonly NamePattern[]): Uint8Array {
  const { functions, modules, strings } = profile;
  const byKey = new Map<number, boolean>();
  return functions.layer.map((layer, func) => {
    const file = functions.file[func];
    const module = functions.module[func];
    const isPython = layer === Layer.Python && file >= 0;
    const key = isPython ? -1 - file : module;
    let matched = byKey.get(key);
    if (matched === undefined) {
      matched = isPython
        ? patterns.some((pattern) => isOfPythonModule(strings[file], pattern))
        : module >= 0 &&
          [modules.name[module], modules.path[module]].some((name) =>
            matchesName(patterns, strings[name]),
          );
      byKey.set(key, matched);
    }
    return matched ? 1 : 0;
  });
}

function isOfPythonModule(file: string, pattern: NamePattern): boolean {
  if (typeof pattern !== 'string') return pattern.test(moduleOfFile(file));
  if (pattern === file || pattern === basename(file)) return true;
  const path = shortFile(file).replace(/(?:\/__init__)?\.pyc?$/, '');
  return (
    pattern === moduleOfFile(file) || `/${path}/`.includes(`/${pattern.replaceAll('.', '/')}/`)
  );
}
