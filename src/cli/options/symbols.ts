/** The flags that say where symbols are and what is made of debug information. */
import type { InlineChoice } from '../../session/load.js';
import type { SymbolOptions } from '../../symbolize/options.js';
import { parseSymfs } from '../values.js';
import { given } from './shared.js';
import type { Flag, Values } from './spec.js';

export interface SymbolChoice {
  readonly symbols: SymbolOptions;
  readonly inline: InlineChoice;
}

/** Where the files are that recorded programs ran. */
export const SYMBOL_FILES: readonly Flag[] = [
  {
    flags: '--symfs <dir>',
    help: 'folder that stands for /, a copy of the recorded machine’s files; DIR,flat: all in one folder',
    parse: parseSymfs,
  },
  {
    flags: '--symbol-dir <dir>',
    help: 'folder below which files of the recorded build lie under any name; may be repeated',
    parse: (text: string, before: readonly string[] = []) => [...before, text],
  },
  { flags: '--kallsyms <file>', help: 'copy of the recorded machine’s /proc/kallsyms' },
  { flags: '-k, --vmlinux <file>', help: 'the recorded kernel’s file' },
  { flags: '--perf-map-dir <dir>', help: 'folder with copies of perf-PID.map and jit-PID.dump' },
];

export const SYMBOLS: readonly Flag[] = (
  [
    ...SYMBOL_FILES,
    {
      flags: '--inline',
      help: 'show inlined functions and lines, whatever reading debug information costs',
      valueText: 'where it is cheap',
    },
    { flags: '--no-inline', help: 'show only functions with code of their own' },
  ] as readonly Flag[]
).map((flag) => ({ ...flag, group: 'Symbols' }));

export function symbolChoice(values: Values): SymbolChoice {
  const inline = values['inline'] as boolean | undefined;
  return {
    symbols: {
      ...((values['symfs'] as SymbolOptions | undefined) ?? {}),
      ...given('symbolDirs', values['symbolDir'] as string[] | undefined),
      ...given('kallsyms', values['kallsyms'] as string | undefined),
      ...given('vmlinux', values['vmlinux'] as string | undefined),
      ...given('perfMapDir', values['perfMapDir'] as string | undefined),
    },
    inline: inline === undefined ? 'auto' : inline ? 'on' : 'off',
  };
}
