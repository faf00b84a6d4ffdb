/** `strata tree`: the call tree of each thread with its times. */
import { ExitCode } from '../base/errors.js';
import type { Profile } from '../profile/profile.js';
import { withTaskFunctions } from '../profile/tree/tasks.js';
import { NO_TASKS } from '../profile/tree/tree-choice.js';
import { writeFunctionTables } from '../render/text/function-table.js';
import { writeTree, type TreeOptions as TextOptions } from '../render/text/tree.js';
import { writeTreeData } from '../render/tree/tree-data.js';
import { writeTreePage } from '../render/tree-html/page.js';
import { readProfile, selectFrom } from './input.js';
import type { TreeOptions } from './options/tree.js';
import { printToFile, printToStdout } from './output.js';
import { describeTerminal, styleOf } from './terminal.js';

export function tree(options: TreeOptions): number {
  const read = readProfile(options);
  // A table has one row for a function, whether a task runs it or not.
  const { profile: whole, tasks } =
    options.flat === undefined ? withTaskFunctions(read) : { profile: read, tasks: NO_TASKS };
  const { profile } = selectFrom(whole, options);
  const { color, output, selection } = options;
  const terminal = output === '-' ? describeTerminal() : undefined;
  const printed: TextOptions = {
    ...options,
    tasks,
    inverted: selection.invert === true,
    ...(terminal?.columns === undefined ? {} : { width: terminal.columns }),
    style: styleOf(color, terminal),
  };
  const write = (sink: Sink): void => print(profile, options, printed, sink);
  if (output === '-') {
    printToStdout(write);
  } else {
    printToFile(output, write);
    process.stderr.write(`strata: wrote ${output}\n`);
  }
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
