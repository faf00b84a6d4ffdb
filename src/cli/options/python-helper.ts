/** `python-helper`'s flags. */
import { usageError } from '../../base/errors.js';
import { given } from './shared.js';
import type { CommandSpec, Values } from './spec.js';

export interface PythonHelperOptions {
  readonly action: 'install' | 'print' | 'remove';
  /** The interpreter whose modules it joins. */
  readonly python: string;
  /** A folder instead. */
  readonly target?: string;
}

export const PYTHON_HELPER: CommandSpec<PythonHelperOptions> = {
  name: 'python-helper',
  summary: 'install the Python module that marks what to record',
  description:
    'Installs strata.py, with which a program says what of it is to be sampled (with strata.sample("load"):) ' +
    'and marks regions that report, tree, flamegraph and script choose by --region. Without a recorder it ' +
    'does nothing. Prints the path.',
  flags: [
    {
      flags: '--python <interpreter>',
      help: 'install it for this one: into its virtual environment, else for its user',
      value: 'python3',
    },
    { flags: '--target <folder>', help: 'install it into this folder' },
    { flags: '--print', help: 'write the module to standard output, and install nothing' },
    { flags: '--remove', help: 'remove it again' },
  ],
  examples: [
    ['strata python-helper', 'for python3'],
    ['strata python-helper --python .venv/bin/python', 'into a virtual environment'],
    ['strata python-helper --print > src/strata.py', 'into the program itself'],
    ['strata record --control program -D -1 python app.py', 'record what the program says'],
  ],
  options: (values) => ({
    action: action(values),
    python: values['python'] as string,
    ...given('target', values['target'] as string | undefined),
  }),
};

function action(values: Values): PythonHelperOptions['action'] {
  const others = ['remove', 'target'].filter((name) => values[name] !== undefined);
  if (values['print'] === true) {
    if (others.length === 0) return 'print';
    throw usageError(
      `--print installs nothing: it does not go with --${others[0]}`,
      'see: strata python-helper --help',
    );
  }
  return values['remove'] === true ? 'remove' : 'install';
}
