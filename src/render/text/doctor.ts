/** `strata doctor`'s report: a line or two for each check, in groups. */
import type { Check, CheckGroup, Status } from '../../checks/check.js';
import { PLAIN, type Style } from './style.js';
import { columns, safe, type Sink } from './text.js';

const HEADINGS: Readonly<Record<CheckGroup, string>> = {
  machine: 'Machine',
  interpreter: 'Interpreter',
  perf: 'perf',
  files: 'Files',
};

export interface DoctorLayout {
  /** Columns that a line may take. */
  readonly width: number;
  readonly style: Style;
}

const DEFAULT_LAYOUT: DoctorLayout = { width: 80, style: PLAIN };
/** `  warn  ` */
const STATUS_WIDTH = 4;
const INDENT = 2;
const GAP = 2;
/** Narrower makes no columns. */
const NARROWEST_TEXT = 30;

/** Writes the checks in groups, each with the command that mends it below. */
export function writeDoctor(
  checks: readonly Check[],
  sink: Sink,
  layout: DoctorLayout = DEFAULT_LAYOUT,
): void {
  const titleWidth = Math.max(...checks.map(({ title }) => columns(safe(title))));
  let group: CheckGroup | undefined;
  for (const check of checks) {
    if (check.group !== group) {
      sink(`${group === undefined ? '' : '\n'}${layout.style.strong(HEADINGS[check.group])}\n`);
      group = check.group;
    }
    writeCheck(check, sink, layout, titleWidth);
  }
}

/** One check; alone, as after its mend, its title is as wide as it is. */
export function writeCheck(
  { status, title, text, mend }: Check,
  sink: Sink,
  { width, style }: DoctorLayout = DEFAULT_LAYOUT,
  titleWidth = columns(safe(title)),
): void {
  const left = INDENT + STATUS_WIDTH + GAP + titleWidth + GAP;
  const lines = wrap(safe(text), Math.max(NARROWEST_TEXT, width - left));
  const name = safe(title);
  const padding = ' '.repeat(Math.max(0, titleWidth - columns(name)));
  const margin = ' '.repeat(left);
  const mark = coloured(status, style)(status.padEnd(STATUS_WIDTH));
  sink(`${' '.repeat(INDENT)}${mark}  ${name}${padding}  ${lines.join(`\n${margin}`)}\n`);
  // A command is copied as a whole: it is not broken into lines.
  if (mend !== undefined) sink(`${margin}${style.strong(`$ ${safe(mend.command)}`)}\n`);
}

function coloured(status: Status, style: Style): (text: string) => string {
  return { ok: style.faint, warn: style.warm, fail: style.hot }[status];
}

/** Breaks at blanks; a word that is too long (a path) stands alone and sticks out. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && columns(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
