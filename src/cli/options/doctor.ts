/** `doctor`'s flags. */
import { usageError } from '../../base/errors.js';
import { parseWhole } from '../values.js';
import type { CommandSpec } from './spec.js';

export interface DoctorChoice {
  /** The command whose interpreter is looked at; empty for the Python in `PATH`. */
  readonly command: readonly string[];
  readonly json: boolean;
  readonly fix: boolean;
  /** Runs of each kind, where overhead is to be measured. */
  readonly overheadRuns?: number;
}

const OVERHEAD_RUNS = 5;

export const DOCTOR: CommandSpec<DoctorChoice> = {
  name: 'doctor',
  summary: 'say what this machine and an interpreter can do, and what mends the rest',
  description:
    'Looks at the kernel, at the interpreter behind a command (through shims, virtual environments, scripts ' +
    'and uv run; the command itself is not run) and at the places that recordings need. Each line is ok, ' +
    'warn or fail, with one command that mends it. Exits with 1 where a line is fail.',
  operands: '[command...]',
  flags: [
    { flags: '--json', help: 'print what was found as JSON' },
    { flags: '--fix', help: 'offer to run those mends that do no harm, each after asking' },
    {
      flags: '--overhead',
      help:
        'run the command plain, with names of Python functions turned on, and while it is recorded, and ' +
        'compare the times; its input is empty and its output is thrown away',
    },
    {
      flags: '-r, --repeat <N>',
      help: 'runs of each kind, with --overhead',
      valueText: String(OVERHEAD_RUNS),
      parse: parseWhole(1, 1000),
    },
  ],
  examples: [
    ['strata doctor', 'the machine, and the python3 in PATH'],
    ['strata doctor -- uv run app.py', 'what uv would run'],
    ['strata doctor --fix', 'mend what can be mended, one by one'],
    ['strata doctor --overhead -r 10 -- python app.py', 'what recording costs this program'],
  ],
  options: (values, command) => {
    const repeat = values['repeat'] as number | undefined;
    if (repeat !== undefined && values['overhead'] !== true) {
      throw usageError(
        '--repeat is for --overhead, which runs the command',
        'for example: strata doctor --overhead -r 10 -- python app.py',
      );
    }
    return {
      command,
      json: values['json'] === true,
      fix: values['fix'] === true,
      ...(values['overhead'] === true && { overheadRuns: repeat ?? OVERHEAD_RUNS }),
    };
  },
};
