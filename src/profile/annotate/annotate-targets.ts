/** What a person names to be annotated: a symbol, a source file, a Python module, a line of a file. */
import { basename } from 'node:path';

import { annotatedFiles, annotatedSymbols, type AnnotatedSymbol } from './annotate.js';
import { moduleOfFile } from '../libraries.js';
import { matchNames, parseName } from '../selection/names.js';
import { Layer, type Profile } from '../profile.js';

/** Something that a name was found to mean. */
export type AnnotateTarget =
  | { readonly kind: 'symbol'; readonly symbol: AnnotatedSymbol }
  | { readonly kind: 'file'; readonly file: string; readonly line: number | undefined };

/**
 * All that a name means among what has samples of an event, hottest first. The first of these that there is:
 * symbols of that name or pattern; files by path, the end of a path, or Python module; the same with `:LINE`
 * behind; symbols whose name is the last part of a longer one.
 * @throws StrataError for a regular expression that is none
 */
export function annotateTargets(profile: Profile, event: number, name: string): AnnotateTarget[] {
  const pattern = parseName(name);
  const all = annotatedSymbols(profile, event);
  const matched = matchNames(
    [pattern],
    all.map((symbol) => symbol.name),
  );
  const symbols = all.filter((_, index) => matched[index] === 1);
  if (symbols.length > 0) return symbols.map((symbol) => ({ kind: 'symbol', symbol }));
  const files = annotatedFiles(profile, event).map(({ file }) => file);
  const python = pythonFiles(profile);
  const matchedFiles = matchNames([pattern], files);
  const named = (text: string) =>
    files.filter(
      (file, index) =>
        file === text ||
        basename(file) === text ||
        file.endsWith(`/${text}`) ||
        (python.has(file) && moduleOfFile(file) === text) ||
        matchedFiles[index] === 1,
    );
  const whole = named(name);
  if (whole.length > 0) return whole.map((file) => ({ kind: 'file', file, line: undefined }));
  const place = /^(.+):(\d{1,9})$/.exec(name);
  const lines = place === null ? [] : named(place[1]);
  if (lines.length > 0)
    return lines.map((file) => ({ kind: 'file', file, line: Number(place?.[2]) }));
  return all.flatMap((symbol) =>
    isLastPart(symbol.name, name) ? { kind: 'symbol' as const, symbol } : [],
  );
}

/** `inner` of `outer.<locals>.inner`, `push` and `Queue::push` of `bool ns::Queue<int>::push(int)`. */
function isLastPart(symbol: string, part: string): boolean {
  const ends = (name: string) =>
    name === part || name.endsWith(`.${part}`) || name.endsWith(`::${part}`);
  return ends(symbol) || bareName(symbol).split(' ').some(ends);
}

/** A C++ function's name as a person types it: without the arguments of templates and functions. */
function bareName(symbol: string): string {
  let bare = '';
  let depth = 0;
  for (const character of symbol) {
    if (character === '<' || character === '(') depth++;
    else if (depth === 0) bare += character;
    else if (character === '>' || character === ')') depth--;
  }
  return bare;
}

/** Names of symbols and files that hold a text, in any case: what may have been meant. */
export function similarTargets(
  profile: Profile,
  event: number,
  text: string,
  most: number,
): string[] {
  const part = text.toLowerCase();
  const holds = (name: string) => name.toLowerCase().includes(part);
  const symbols = annotatedSymbols(profile, event).map(({ name }) => name);
  const files = annotatedFiles(profile, event).map(({ file }) => file);
  return [...new Set([...symbols.filter(holds), ...files.filter(holds)])].slice(0, most);
}

/** Words that {@link annotateTargets} finds something by, the hottest first: names, and the last parts of names. */
export function targetNames(profile: Profile, event: number): string[] {
  const symbols = annotatedSymbols(profile, event).flatMap(({ name }) => [
    name,
    bareName(name).replace(/^.*(?:\.|::)/s, ''),
  ]);
  const files = annotatedFiles(profile, event).flatMap(({ file }) => [
    basename(file),
    moduleOfFile(file),
  ]);
  return [...new Set([...symbols, ...files])];
}

function pythonFiles({ functions, strings }: Profile): Set<string> {
  const files = new Set<string>();
  for (let func = 0; func < functions.length; func++) {
    const file = functions.file[func];
    if (functions.layer[func] === Layer.Python && file >= 0) files.add(strings[file]);
  }
  return files;
}
