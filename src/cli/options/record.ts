/** `record`'s flags. */
import type { RecordOptions } from '../../record/options.js';
import { parseCallGraph, parseDuration, parseEvents, parseFrequency } from '../values.js';
import { given } from './shared.js';
import type { CommandSpec } from './spec.js';

export const RECORD: CommandSpec<RecordOptions> = {
  name: 'record',
  summary: 'run a command and sample it',
  description:
    'Runs a command, samples it and all that it starts, and writes a perf.data file with whole stacks. ' +
    'Exits with the command’s own code, or 128+signal where a signal ended it.',
  operands: '[command...]',
  flags: [
    {
      flags: '-F, --freq <N>',
      help: 'samples per second, or max',
      value: 999,
      parse: parseFrequency,
    },
    {
      flags: '-e, --event <list>',
      help: 'events to sample: cycles:u, page-faults, …; may be repeated',
      valueText: 'the machine’s own clock',
      parse: parseEvents,
    },
    {
      flags: '-o, --output <file>',
      help: 'recording to write; an older one becomes FILE.old. Standard output is the command’s: no -',
      value: 'perf.data',
    },
    {
      flags: '--call-graph <how>',
      help: 'user stacks by dwarf[,SIZE] (copies SIZE bytes of stack), fp or none',
      value: { kind: 'dwarf' },
      valueText: 'dwarf',
      parse: parseCallGraph,
    },
    { flags: '-g', help: 'call graphs; on without asking', hidden: true },
    {
      flags: '--duration <time>',
      help: 'stop sampling after 10, 1.5 (seconds) or 2m',
      parse: parseDuration,
    },
    {
      flags: '--python <how>',
      help: 'auto turns on perf support in CPython 3.12 and later',
      value: 'auto',
      choices: ['auto', 'off'],
    },
    { flags: '--keep-stacks', help: 'keep the copied stack bytes in the recording' },
    {
      flags: '-N, --no-buildid-cache',
      help: 'do not put Python’s names into perf’s build-ID cache (~/.debug), where perf report looks',
    },
    { flags: '-q, --quiet', help: 'say nothing but errors' },
    { flags: '-v, --verbose', help: 'say what is done' },
  ],
  examples: [
    ['strata record python app.py', 'a whole run'],
    [
      'strata record -F max -o burst.data python app.py --its-own-flags',
      'as fast as the kernel allows',
    ],
    ['strata record --duration 30 -- python -m http.server', 'thirty seconds'],
  ],
  options: (values, command) => ({
    target: { kind: 'command' },
    command,
    output: values['output'] as string,
    frequency: values['freq'] as RecordOptions['frequency'],
    events: (values['event'] as string[] | undefined) ?? [],
    filters: [],
    callGraph: values['callGraph'] as RecordOptions['callGraph'],
    data: false,
    physicalData: false,
    weight: false,
    offCpu: false,
    inherit: true,
    overwrite: false,
    ...given('durationSeconds', values['duration'] as number | undefined),
    python: values['python'] as RecordOptions['python'],
    keepStacks: values['keepStacks'] === true,
    buildIdCache: values['buildidCache'] === true,
    verbosity: values['quiet'] === true ? -1 : values['verbose'] === true ? 1 : 0,
  }),
};
