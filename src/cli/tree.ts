/** `strata tree`: the call tree of each thread with its times. */
import { ExitCode } from '../base/errors.js';
import { ANSI, PLAIN } from '../render/text/style.js';
import { writeTree } from '../render/text/tree.js';
import { readInput } from './input.js';
import type { TreeOptions } from './options/tree.js';
import { printToStdout } from './output.js';
import { describeTerminal } from './terminal.js';

export function tree(options: TreeOptions): number {
  const profile = readInput(options);
  const { all, merge, minPercent, maxDepth } = options;
  const { colour, columns } = describeTerminal();
  printToStdout((sink) =>
    writeTree(
      profile,
      {
        all,
        merge,
        minPercent,
        ...(maxDepth === undefined ? {} : { maxDepth }),
        ...(columns === undefined ? {} : { width: columns }),
        style: colour ? ANSI : PLAIN,
      },
      sink,
    ),
  );
  return ExitCode.Done;
}
