/** `script`'s flags. */
import type { PerfRecord } from '../../formats/perfdata/spec.js';
import { parseTimes } from '../../profile/selection/time-slices.js';
import type { ScriptOptions as PrintOptions } from '../../render/text/script/script.js';
import { parseList, parseRanges, parseWhole } from '../values.js';
import { given, RECORDING, SAMPLE_CHOICE, sampleChoice, type SampleChoice } from './shared.js';
import type { CommandSpec, Flag, Values } from './spec.js';
import { symbolChoice, SYMBOLS, type SymbolChoice } from './symbols.js';

/** What is not understood here, where nothing of the engine is loaded. */
type Later = 'event' | 'inline' | 'fields' | 'records';

export interface ScriptOptions extends SampleChoice, SymbolChoice, Omit<PrintOptions, Later> {
  readonly input: string;
  /** Each `-F` as it was given. */
  readonly fields: readonly string[];
  /** Kinds of records to print besides samples. */
  readonly records: readonly RecordName[];
  /** Whether what the file says of the machine and the recording is printed, alone or before samples. */
  readonly header: 'none' | 'too' | 'only';
  readonly fullHeader: boolean;
  /** Whether every record is printed as it lies in the file, field by field. */
  readonly raw: boolean;
}

type RecordName = keyof typeof PerfRecord;

/** Records that flags ask for. */
const RECORDS: readonly (readonly [flag: string, what: string, names: readonly RecordName[]])[] = [
  ['show-task-events', 'names, forks and ends of threads', ['COMM', 'FORK', 'EXIT']],
  ['show-mmap-events', 'mappings of memory', ['MMAP', 'MMAP2']],
  ['show-switch-events', 'context switches', ['SWITCH', 'SWITCH_CPU_WIDE']],
  ['show-namespace-events', 'namespaces', ['NAMESPACES']],
  ['show-cgroup-events', 'control groups', ['CGROUP']],
  ['show-lost-events', 'how many records the kernel dropped', ['LOST']],
  ['show-bpf-events', 'BPF programs', ['KSYMBOL', 'BPF_EVENT']],
];

const RECORD_FLAGS: readonly Flag[] = RECORDS.map(([flag, what]) => ({
  flags: `--${flag}`,
  help: `also print ${what}, where they were recorded`,
}));

export const SCRIPT: CommandSpec<ScriptOptions> = {
  name: 'script',
  summary: 'print samples as text, as perf script does',
  description: 'Prints the samples in the order of time, in the layout of perf script.',
  flags: [
    RECORDING,
    {
      flags: '-F, --fields <list>',
      help:
        'what to print: comm,tid,time,ip,sym and more (-F help names all), or changes: +srcline,-period; ' +
        'of one kind of event with hw:, sw:, trace:, raw: or break: before it; may be repeated',
      parse: (text: string, before: readonly string[] = []) => [...before, text],
    },
    {
      flags: '--time <spans>',
      help: 'only these times: START,STOP in seconds, either may be missing; or shares: 10%/2, 10%-20%',
      parse: parseTimes,
    },
    ...SAMPLE_CHOICE,
    { flags: '-C, --cpu <list>', help: 'only these CPUs: 0,2-3', parse: parseRanges },
    { flags: '--dsos <list>', help: 'only samples taken in these files', parse: parseList },
    { flags: '--dso <list>', help: '', parse: parseList, hidden: true },
    {
      flags: '-S, --symbols <list>',
      help: 'only samples taken in these functions',
      parse: parseList,
    },
    { flags: '--symbol <list>', help: '', parse: parseList, hidden: true },
    { flags: '-G, --hide-call-graph', help: 'print each sample’s own address alone' },
    {
      flags: '--max-stack <N>',
      help: 'frames of a call chain to print',
      valueText: 'all',
      parse: parseWhole(0, 1_000_000),
    },
    ...SYMBOLS,
    { flags: '--full-source-path', help: 'print source files with their folders' },
    { flags: '--ns', help: 'print times with nine decimals' },
    { flags: '--reltime', help: 'print times from the first line on' },
    { flags: '--deltatime', help: 'print times from the line before' },
    {
      flags: '--layout <version>',
      help: 'print as this version of perf does: 6.8; layouts differ a little',
      valueText: 'the recorder’s',
    },
    ...RECORD_FLAGS,
    { flags: '--header', help: 'first print what the file says of the machine and the recording' },
    { flags: '--header-only', help: 'print that alone' },
    { flags: '-I, --show-info', help: 'with these, topology, caches and memory in full' },
    { flags: '-D, --dump-raw-trace', help: 'print every record as it lies in the file' },
    { flags: '-f, --force', help: '', hidden: true },
  ],
  examples: [
    ['strata script', 'all samples of perf.data with their call chains'],
    ['strata script -F comm,tid,time,event,ip,sym -G', 'a line per sample'],
    ['strata script --time 10%-20% --comm python', 'the second tenth of one program'],
    ['perf record -o - python app.py | strata script -i -', 'from a pipe'],
  ],
  options: (values) => ({
    input: values['input'] as string,
    ...sampleChoice(values),
    fields: (values['fields'] as string[] | undefined) ?? [],
    ...given('times', values['time'] as PrintOptions['times']),
    ...given('cpus', values['cpu'] as number[] | undefined),
    ...given('dsos', (values['dsos'] ?? values['dso']) as string[] | undefined),
    ...given('functions', (values['symbols'] ?? values['symbol']) as string[] | undefined),
    callGraph: values['hideCallGraph'] !== true,
    ...given('maxStack', values['maxStack'] as number | undefined),
    ...symbolChoice(values),
    fullPaths: values['fullSourcePath'] === true,
    timeForm: {
      nanoseconds: values['ns'] === true,
      from:
        values['reltime'] === true ? 'first' : values['deltatime'] === true ? 'previous' : 'clock',
    },
    ...given('layout', values['layout'] as string | undefined),
    records: shownRecords(values),
    header: values['headerOnly'] === true ? 'only' : values['header'] === true ? 'too' : 'none',
    fullHeader: values['showInfo'] === true,
    raw: values['dumpRawTrace'] === true,
  }),
};

function shownRecords(values: Values): RecordName[] {
  const shown = RECORDS.filter(([flag]) => {
    const name = flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    return values[name] === true;
  });
  return shown.flatMap(([, , names]) => names);
}
