/**
 * Every command and flag of the program, declared in this folder and nowhere else: the parser, `--help` and
 * the commands' own types are made from these tables. A flag that does what a flag of `perf` does has its
 * name.
 */
import { ANNOTATE } from './annotate.js';
import { DIFF } from './diff.js';
import { DOCTOR } from './doctor.js';
import { FLAMEGRAPH } from './flamegraph.js';
import { INJECT } from './inject.js';
import { LIST } from './list.js';
import { PYTHON_HELPER } from './python-helper.js';
import { RECORD } from './record.js';
import { REPORT } from './report.js';
import { SCRIPT } from './script.js';
import type { CommandSpec } from './spec.js';
import { STAT } from './stat.js';
import { TIME } from './time.js';
import { TIMEIT } from './timeit.js';
import { TREE } from './tree.js';

const SPECS = {
  record: RECORD,
  report: REPORT,
  tree: TREE,
  flamegraph: FLAMEGRAPH,
  annotate: ANNOTATE,
  diff: DIFF,
  script: SCRIPT,
  inject: INJECT,
  list: LIST,
  doctor: DOCTOR,
  stat: STAT,
  time: TIME,
  timeit: TIMEIT,
  'python-helper': PYTHON_HELPER,
} as const;

type OptionsOf<Spec> = Spec extends CommandSpec<infer Options> ? Options : never;

/** A command line, understood. */
export type Invocation =
  | {
      [Name in keyof typeof SPECS]: {
        readonly command: Name;
        readonly options: OptionsOf<(typeof SPECS)[Name]>;
      };
    }[keyof typeof SPECS]
  /** Text that was asked for: help or the version. */
  | { readonly command: 'print'; readonly text: string };

/** In the order of help. */
export const COMMANDS: readonly CommandSpec[] = Object.values(SPECS);
