/** `timeit`'s flags. */
import type { ContestOptions } from '../../measure/contest.js';
import { TIME_UNITS, type TimeUnit } from '../../base/time-units.js';
import { parseWhole } from '../values.js';
import { given } from './shared.js';
import type { CommandSpec, Values } from './spec.js';

export interface TimeitOptions extends Omit<ContestOptions, 'warmup'> {
  /** Lines of code, or the words of a command; with `compare` each is a contestant. */
  readonly operands: readonly string[];
  /** Whether they are Python code. */
  readonly code: boolean;
  readonly compare: boolean;
  readonly setup: string;
  /** Interpreters; the one in PATH where there are none. */
  readonly pythons: readonly string[];
  readonly warmup?: number;
  readonly unit?: TimeUnit;
  readonly json: boolean;
}

const MOST_LOOPS = 1e12;
/** The interval of a ratio looks at all pairs of rounds. */
const MOST_RUNS = 2000;

const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];

export const TIMEIT: CommandSpec<TimeitOptions> = {
  name: 'timeit',
  summary: 'run a command or a Python statement repeatedly and compare',
  description:
    'Measures a command over repeated runs or, with -c, Python code by the rules of python -m timeit: each ' +
    'word is a line, garbage collection is off, loops are added until a run takes 0.2 s, the setup and the ' +
    'interpreter’s start are not measured. Each run is a process of its own. -s, -n and --python are of Python ' +
    'code and stand for -c. What is measured reads and writes nothing but /dev/null. Exits with 1 where it fails.',
  operands: '[words...]',
  flags: [
    { flags: '-c, --statement', help: 'the words are Python code, each a line' },
    {
      flags: '-s, --setup <code>',
      help: 'Python code to run before each run; may be repeated, each is a line',
      parse: collect,
    },
    {
      flags: '-n, --number <N>',
      help: 'executions of the code per run',
      valueText: 'as many as take 0.2 s',
      parse: parseWhole(1, MOST_LOOPS),
    },
    {
      flags: '-r, --repeat <N>',
      help: 'runs',
      valueText: '5 of code, 10 to compare; of commands 10, or what 3 s allow',
      parse: parseWhole(1, MOST_RUNS),
    },
    {
      flags: '--python <file>',
      help: 'interpreter for the code; twice with --compare, to compare two',
      valueText: 'python3 or python in PATH',
      parse: collect,
    },
    {
      flags: '--compare',
      help: 'the words are commands, or with -c pieces of code, to be run in turns and compared',
    },
    {
      flags: '--warmup <N>',
      help: 'executions of the code before each run, runs of a command before the first',
      valueText: '1 of code, 0 of commands',
      parse: parseWhole(0, MOST_RUNS),
    },
    { flags: '--prepare <command>', help: 'shell command to run before each run of a command' },
    { flags: '-i, --ignore-failure', help: 'go on where a command exits with a code but 0' },
    { flags: '--show-output', help: 'show what the command or the code writes' },
    {
      flags: '-u, --unit <unit>',
      help: 'write times in ns, us, ms or s',
      choices: Object.keys(TIME_UNITS),
      valueText: 'what fits',
    },
    { flags: '--json', help: 'print JSON with every run: times in nanoseconds' },
  ],
  examples: [
    ['strata timeit -- python app.py --fast', 'a command, start-up included'],
    ["strata timeit -c 'sum(range(99))'", 'a statement'],
    ["strata timeit -s 'import json' 'json.dumps([1])'", 'with setup'],
    ["strata timeit -c --compare '[*range(9)]' 'list(range(9))'", 'which is faster?'],
    ["strata timeit --compare 'python a.py' 'python b.py'", 'two commands'],
    ["strata timeit --compare --python A --python B 'sum(range(9))'", 'two interpreters'],
  ],
  options: (values, operands) => ({
    operands,
    code:
      values['statement'] === true ||
      ['setup', 'number', 'python'].some((name) => values[name] !== undefined),
    compare: values['compare'] === true,
    setup: listOf(values, 'setup').join('\n'),
    pythons: listOf(values, 'python'),
    ...given('loops', values['number'] as number | undefined),
    ...given('rounds', values['repeat'] as number | undefined),
    ...given('warmup', values['warmup'] as number | undefined),
    ...given('prepare', values['prepare'] as string | undefined),
    ignoreFailure: values['ignoreFailure'] === true,
    showOutput: values['showOutput'] === true,
    ...given('unit', values['unit'] as TimeUnit | undefined),
    json: values['json'] === true,
  }),
};

function listOf(values: Values, name: string): readonly string[] {
  return (values[name] as readonly string[] | undefined) ?? [];
}
