/** `strata tree`: the call tree of each thread with its times. */
import { closeSync } from 'node:fs';

import { ExitCode } from '../base/errors.js';
import type { Profile } from '../profile/profile.js';
import { withTaskFunctions } from '../profile/tree/tasks.js';
import { NO_TASKS } from '../profile/tree/tree-choice.js';
import { writeFunctionTables } from '../render/text/function-table.js';
import { ANSI, PLAIN } from '../render/text/style.js';
import { writeTree, type TreeOptions as TextOptions } from '../render/text/tree.js';
import { writeTreeData } from '../render/tree/tree-data.js';
import { writeTreePage } from '../render/tree-html/page.js';
import { readProfile, selectFrom } from './input.js';
import type { TreeOptions } from './options/tree.js';
import { openOutput, printToStdout, writeAll } from './output.js';
import { describeTerminal } from './terminal.js';

export function tree(options: TreeOptions): number {
  const read = readProfile(options);
  // A table has one row for a function, whether a task runs it or not.
  const { profile: whole, tasks } =
    options.flat === undefined ? withTaskFunctions(read) : { profile: read, tasks: NO_TASKS };
  const { profile } = selectFrom(whole, options);
  const { color, output, selection } = options;
  const terminal = output === '-' ? describeTerminal() : undefined;
  const isColoured = color === 'always' || (color === 'auto' && terminal?.colour === true);
  const printed: TextOptions = {
    ...options,
    tasks,
    inverted: selection.invert === true,
    ...(terminal?.columns === undefined ? {} : { width: terminal.columns }),
    style: isColoured ? ANSI : PLAIN,
  };
  if (output === '-') printToStdout((sink) => print(profile, options, printed, sink));
  else printToFile(output, (sink) => print(profile, options, printed, sink));
  return ExitCode.Done;
}

type Sink = (text: string) => void;

function print(
  profile: Profile,
  { format, flat }: TreeOptions,
  printed: TextOptions,
  sink: Sink,
): void {
  if (format === 'html') {
    const title = profile.meta.command || 'Call tree';
    writeTreePage(profile, { ...printed, title }, sink);
  } else if (format === 'json' || format === 'csv') {
    writeTreeData(profile, { ...printed, format, flat }, sink);
  } else if (flat !== undefined) {
    writeFunctionTables(profile, { ...printed, sortBy: flat }, sink);
  } else {
    writeTree(profile, printed, sink);
  }
}

const PIECE = 1024 * 1024;

/** @throws StrataError where the file cannot be written */
function printToFile(path: string, write: (sink: Sink) => void): void {
  const file = openOutput(path, false);
  try {
    let pending = '';
    write((text) => {
      pending += text;
      if (pending.length < PIECE) return;
      writeAll(file, pending, path);
      pending = '';
    });
    writeAll(file, pending, path);
  } finally {
    closeSync(file);
  }
  process.stderr.write(`strata: wrote ${path}\n`);
}
