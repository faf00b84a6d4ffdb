/** `list`'s flags. */
import type { CommandSpec } from './spec.js';

export interface ListOptions {
  /** Words for kinds, shell patterns, or parts of names; everything where there is none. */
  readonly patterns: readonly string[];
  /** Whether what was refused is shown, too. */
  readonly all: boolean;
  readonly json: boolean;
}

export const LIST: CommandSpec<ListOptions> = {
  name: 'list',
  summary: 'list the events that this machine can count',
  description:
    'Lists the events for -e that this machine can count: each is tried, not only named. A pattern is ' +
    'a kind (hw, sw, cache, pmu, raw, breakpoint, tracepoint), a name with * and ?, or a part of a name.',
  operands: '[pattern...]',
  flagsAnywhere: true,
  flags: [
    { flags: '--all', help: 'also show what cannot be counted here, and why' },
    { flags: '--json', help: 'print an array of objects' },
  ],
  examples: [
    ['strata list', 'everything, tracepoints by their systems'],
    ["strata list 'sched:*' fault", 'tracepoints of the scheduler, and whatever is called fault'],
    ['strata list hw cache --all', 'what a virtual machine lacks'],
    ["strata list --json sw | jq -r '.[].name'", 'names for a script'],
  ],
  options: (values, operands) => ({
    patterns: operands,
    all: values['all'] === true,
    json: values['json'] === true,
  }),
};
