/** `record`'s flags. */
import { usageError } from '../../base/errors.js';
import type { EventFilter, RecordOptions } from '../../record/options.js';
import { parseCallGraph, parseDuration, parseFrequency, parseList, parseWhole } from '../values.js';
import {
  appendEvents,
  appendFilter,
  parseBufferSize,
  parseControl,
  parseDelay,
  parseSwitchOutput,
  type SwitchMoment,
} from './record-values.js';
import { given } from './shared.js';
import { chosenTarget, TARGET } from './target.js';
import type { CommandSpec, Flag, Values } from './spec.js';

const EVENTS: readonly Flag[] = [
  {
    flags: '-F, --freq <N>',
    help: 'samples per second, or max',
    valueText: '999; each one of tracepoints and breakpoints',
    parse: parseFrequency,
  },
  {
    flags: '-c, --count <N>',
    help: 'a sample every N counts, instead of a rate',
    parse: parseWhole(1, Number.MAX_SAFE_INTEGER),
  },
  {
    flags: '-e, --event <list>',
    help: 'events to sample, in perf’s syntax; may be repeated. strata list has their names',
    valueText: 'the machine’s own clock',
    parse: appendEvents,
  },
  {
    flags: '--filter <condition>',
    help: 'of the tracepoints of the -e before: only where this holds, as prev_pid != 0',
    parse: appendFilter,
  },
  { flags: '--off-cpu', help: 'also where threads wait, and how long (event offcpu-time)' },
  {
    flags: '--call-graph <how>',
    help: 'user stacks by dwarf[,SIZE] (copies SIZE bytes of stack), fp, lbr or none',
    value: { kind: 'dwarf' },
    valueText: 'dwarf',
    parse: parseCallGraph,
  },
  { flags: '-g', help: 'call graphs; on without asking', hidden: true },
  {
    flags: '-b, --branch-any',
    help: 'the branches before each sample, where the processor has them',
  },
  {
    flags: '-j, --branch-filter <kinds>',
    help: 'only branches of these kinds: any_call, u, …, as perf has them',
    parse: parseList,
  },
  { flags: '-d, --data', help: 'the data addresses of samples' },
  { flags: '--phys-data', help: 'and their physical addresses' },
  { flags: '-W, --weight', help: 'the latencies of samples, where the processor has them' },
  { flags: '-T, --timestamp', help: 'times of samples; always there', hidden: true },
  { flags: '--sample-cpu', help: 'CPUs of samples; always there', hidden: true },
];

const TIMES: readonly Flag[] = [
  {
    flags: '-D, --delay <ms>',
    help: 'sampling begins so many milliseconds, or a time as 2s, later; -1: not before it is told to',
    parse: parseDelay,
  },
  {
    flags: '--duration <time>',
    help: 'stop sampling after 10, 1.5 (seconds) or 2m',
    parse: parseDuration,
  },
  {
    flags: '--control <how>',
    help:
      'switch sampling while it runs: fifo:CTL[,ACK] and fd:CTL[,ACK] take perf’s commands, signal takes ' +
      'SIGUSR2, program lets the command do it by strata.sample() (see strata python-helper)',
    parse: parseControl,
  },
  {
    flags: '--overwrite',
    help: 'a flight recorder: keep the latest samples only, and write them at SIGUSR2 and at the end',
  },
  {
    flags: '--switch-output <when>',
    help: 'begin another file at signal (SIGUSR2), after a size as 100M, or after a time as 30s',
    parse: parseSwitchOutput,
  },
  {
    flags: '--max-files <N>',
    help: 'of these files keep the last N',
    parse: parseWhole(1, 1_000_000),
  },
  { flags: '--switch-max-files <N>', help: '', parse: parseWhole(1, 1_000_000), hidden: true },
];

export const RECORD: CommandSpec<RecordOptions> = {
  name: 'record',
  summary: 'sample a command, running processes or the whole machine',
  description:
    'Runs a command, or attaches to what runs already, samples it and all that it starts, and writes a ' +
    'perf.data file with whole stacks. Exits with the command’s own code, or 128+signal where a signal ' +
    'ended it.',
  operands: '[command...]',
  flags: [
    ...TARGET,
    ...EVENTS,
    ...TIMES,
    {
      flags: '-o, --output <file>',
      help: 'recording to write; an older one becomes FILE.old. Standard output is the command’s: no -',
      value: 'perf.data',
    },
    {
      flags: '--python <how>',
      help:
        'auto turns on perf support in CPython 3.12 and later that the command starts; attach also in ' +
        'running CPython 3.14 and later',
      value: 'auto',
      choices: ['auto', 'off', 'attach'],
    },
    {
      flags: '-m, --mmap-pages <size>',
      help: 'the kernel’s buffer of each CPU: pages, or a size as 512K or 64M',
      valueText: 'what the rate needs',
      parse: parseBufferSize,
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
    ['strata record -p 1234 --duration 30', 'thirty seconds of a running process'],
    ['strata record -a -- sleep 10', 'ten seconds of the whole machine'],
    ['strata record --off-cpu python app.py', 'where it waits, too'],
    [
      'strata record -e sched:sched_switch --filter "prev_state == 1" python app.py',
      'each time that it goes to sleep',
    ],
    ['strata record --overwrite -p 1234', 'the last seconds before each kill -USR2 of strata'],
  ],
  options: (values, command) => ({
    target: chosenTarget(values),
    command,
    output: values['output'] as string,
    ...given('frequency', values['freq'] as RecordOptions['frequency']),
    ...given('period', values['count'] as number | undefined),
    events: (values['event'] as string[] | undefined) ?? [],
    filters: (values['filter'] as EventFilter[] | undefined) ?? [],
    callGraph: values['callGraph'] as RecordOptions['callGraph'],
    ...given('branches', branches(values)),
    data: values['data'] === true,
    physicalData: values['physData'] === true,
    weight: values['weight'] === true,
    offCpu: values['offCpu'] === true,
    inherit: values['inherit'] !== false,
    ...given('delaySeconds', values['delay'] as number | undefined),
    ...given('durationSeconds', values['duration'] as number | undefined),
    ...given('control', values['control'] as RecordOptions['control']),
    overwrite: values['overwrite'] === true,
    ...given('switchOutput', switchOutput(values)),
    ...given('bufferSize', values['mmapPages'] as RecordOptions['bufferSize']),
    python: values['python'] as RecordOptions['python'],
    keepStacks: values['keepStacks'] === true,
    buildIdCache: values['buildidCache'] === true,
    verbosity: values['quiet'] === true ? -1 : values['verbose'] === true ? 1 : 0,
  }),
};

function branches(values: Values): readonly string[] | undefined {
  const kinds = values['branchFilter'] as string[] | undefined;
  return kinds ?? (values['branchAny'] === true ? ['any'] : undefined);
}

function switchOutput(values: Values): RecordOptions['switchOutput'] {
  const on = values['switchOutput'] as SwitchMoment | undefined;
  const maxFiles = (values['maxFiles'] ?? values['switchMaxFiles']) as number | undefined;
  if (on === undefined && maxFiles !== undefined) {
    throw usageError(
      '--max-files is for recordings that --switch-output divides',
      'for example: --switch-output 100M --max-files 5',
    );
  }
  return on === undefined ? undefined : { on, ...given('maxFiles', maxFiles) };
}
