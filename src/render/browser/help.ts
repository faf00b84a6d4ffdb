/** The page of keys. */
import { span } from './line.js';
import type { TextPage } from './protocol.js';

const KEYS: readonly (readonly [string, string] | string)[] = [
  'Move',
  ['Up Down k j', 'a line; the wheel: three'],
  ['PgUp PgDn', 'a screen; also Ctrl-B, Ctrl-F, Space'],
  ['Home End', 'first and last line; also g G'],
  ['Left Right', 'scroll long names'],
  'Call graphs, levels of a hierarchy',
  ['Enter e +', 'open or close the branch; so does a click'],
  ['* ', 'open or close the branch and all below it'],
  ['c', 'close the row, in a hierarchy also the one that it lies in'],
  ['E C', 'open or close all of them; E opens levels of a hierarchy first'],
  ['i', 'callers first, or callees first'],
  'Choose',
  ['/', 'rows with a text, as you type; Esc clears it'],
  ['d', 'zoom into the shared object'],
  ['t', 'zoom into the thread (process, command)'],
  ['Esc Backspace', 'one step back; also Left where nothing is scrolled'],
  ['v', 'view: full, mixed, python, native'],
  ['s', 'sort keys: what rows are made of'],
  ['H', 'hierarchy: each sort key a level of a tree'],
  ['o', 'sort by what functions call too (Children), or by Self'],
  ['Tab', 'next event, of a recording with several; Shift-Tab: the one before'],
  ['F', 'percentages of what is left, or of all'],
  'Look closer',
  ['a', 'annotate: lines or instructions of the function'],
  ['n', 'notes: what this profile cannot tell'],
  'Leave',
  ['q Ctrl-C', 'quit'],
  ['Ctrl-Z', 'suspend; fg comes back'],
  ['Ctrl-L', 'draw again'],
  ['Shift', 'with the mouse: select text, in most terminals'],
];

const KEY_COLUMNS = 15;

export function helpPage(): TextPage {
  return {
    title: 'Keys',
    at: 0,
    lines: KEYS.map((entry) =>
      typeof entry === 'string'
        ? [span(entry, 'strong')]
        : [span(`  ${entry[0].padEnd(KEY_COLUMNS)} ${entry[1]}`)],
    ),
  };
}
