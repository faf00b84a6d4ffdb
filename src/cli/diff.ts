/** `strata diff`: recordings compared with the first. */
import { ExitCode } from '../base/errors.js';
import { plural } from '../base/units.js';
import { diffProfiles, type DiffTable } from '../profile/diff/diff.js';
import { comparableInputs } from '../profile/diff/inputs.js';
import { growthsAbove, describeGrowth } from '../profile/diff/growth.js';
import { hasPython } from '../profile/views.js';
import type { Note, Profile } from '../profile/profile.js';
import { writeDiffData } from '../render/diff-data.js';
import { drawDiff } from '../render/flamegraph/diff-layout.js';
import { writeDiff } from '../render/text/diff.js';
import { readProfile, selectFrom } from './input.js';
import type { DiffOptions } from './options/diff.js';
import { printToFile, printToStdout } from './output.js';
import { describeTerminal, styleOf } from './terminal.js';

export function diff(options: DiffOptions): number {
  const recordings = readRecordings(options);
  const { inputs, notes } = comparableInputs(
    recordings.map((profile, index) => ({ label: options.inputs[index], profile })),
    options,
  );
  const table = diffProfiles(inputs, { ...options, libraries: options.showAll });
  print(table, recordings, notes, options);
  if (options.flamegraph !== undefined)
    writePicture(table, recordings, options.flamegraph, options);
  return failed(table, options.failAbove) ? ExitCode.Failed : ExitCode.Done;
}

/** The recordings' chosen parts, all in one view. */
function readRecordings(options: DiffOptions): Profile[] {
  const { inputs, symbols, inline } = options;
  // A file that is given twice is read once.
  const read = new Map<string, Profile>();
  for (const input of inputs) {
    if (!read.has(input)) read.set(input, readProfile({ input, symbols, inline }));
  }
  const view = options.selection.view ?? ([...read.values()].some(hasPython) ? 'python' : 'full');
  const selection = { ...options.selection, view };
  return inputs.map((input) => {
    const profile = read.get(input);
    if (profile === undefined) throw new Error('a recording was not read');
    return selectFrom(profile, { input, symbols, inline, selection }).profile;
  });
}

function print(
  table: DiffTable,
  recordings: readonly Profile[],
  notes: readonly string[],
  options: DiffOptions,
): void {
  const { format, color, all, percentLimit } = options;
  const terminal = describeTerminal();
  const { columns } = terminal;
  const style = styleOf(color, terminal);
  printToStdout((sink) => {
    if (format !== 'text') {
      writeDiffData(table, recordings, notes, { format, all, percentLimit }, sink);
      return;
    }
    const width = columns === undefined ? {} : { width: columns };
    writeDiff(table, recordings, notes, { all, percentLimit, style, ...width }, sink);
  });
}

/** What several recordings say alike stands once. */
function distinctNotes(recordings: readonly Profile[]): Note[] {
  const notes = recordings.flatMap((recording) => recording.notes);
  return [...new Map(notes.map((note) => [`${note.text} ${note.samples ?? ''}`, note])).values()];
}

/** @throws StrataError where the file cannot be written */
function writePicture(
  table: DiffTable,
  recordings: readonly Profile[],
  path: string,
  { widths, title }: DiffOptions,
): void {
  const names = table.joined.sides.map(({ label }) => label);
  const options = {
    widths,
    title: title ?? names.join(' → '),
    format: path.endsWith('.html') ? 'html' : 'svg',
    notes: distinctNotes(recordings),
  } as const;
  const { frames } = printToFile(path, (sink) => drawDiff(table, options, sink));
  process.stderr.write(`strata: wrote ${path} (${plural(frames, 'frame')})\n`);
}

/** Tells what grew by more than was allowed. */
function failed(table: DiffTable, limit: number | undefined): boolean {
  if (limit === undefined) return false;
  const growths = growthsAbove(table, limit / 100);
  if (growths.length === 0) return false;
  const [first] = growths;
  const more = growths.length > 1 ? `, and ${growths.length - 1} more` : '';
  process.stderr.write(
    `strata: ${describeGrowth(table, first)}${more}; --fail-above allows ${limit}%\n`,
  );
  return true;
}
