/** Flags that several commands have, and what they become. */
import { StrataError, usageError } from '../../base/errors.js';
import { parseNames, type NamePattern } from '../../profile/selection/names.js';
import { LAYER_NAMES, type Layer } from '../../profile/profile.js';
import type { Selection } from '../../profile/selection/selection.js';
import { parseTimes, type TimeChoice } from '../../profile/selection/time-slices.js';
import { VIEWS, type View } from '../../profile/views.js';
import { parseIds, parseList, parseRanges } from '../values.js';
import type { Flag, Values } from './spec.js';

/** Which samples to look at; all where empty. */
export interface SampleChoice {
  /** Name of one of the recording's events, several that are shown as one, or `all`. */
  readonly event?: string;
  readonly pids?: readonly number[];
  readonly tids?: readonly number[];
  readonly comms?: readonly string[];
  /** Names of regions that the recorded program marked. */
  readonly regions?: readonly string[];
}

const DEFAULT_INPUT = 'perf.data';

export const INPUT: Flag = {
  flags: '-i, --input <file>',
  help: 'recording to read, the text of perf script, or folded stacks; - is standard input',
  value: DEFAULT_INPUT,
};

/** Where the file may be named without the flag, too: {@link inputOf} knows which it is. */
export const FILE: Flag = { flags: INPUT.flags, help: INPUT.help, valueText: DEFAULT_INPUT };

/** What {@link FILE} goes with. */
export const FILE_OPERAND = { operands: '[file]', flagsAnywhere: true } as const;

/** @throws StrataError (exit code 2) where it is named both ways */
export function inputOf(values: Values, [file]: readonly string[]): string {
  const input = values['input'] as string | undefined;
  if (input !== undefined && file !== undefined) {
    throw usageError(
      `one recording is read, and two are named: ${input} and ${file}`,
      'leave out one of them; strata diff A B compares two',
    );
  }
  return input ?? file ?? DEFAULT_INPUT;
}

/** Where text does not do. */
export const RECORDING: Flag = { ...INPUT, help: 'recording to read; - is standard input' };

export const SAMPLE_CHOICE: readonly Flag[] = [
  {
    flags: '--event <name>',
    help: 'event to show, of a recording with several; a,b or all shows them together',
  },
  { flags: '--pid <list>', help: 'only these processes', parse: parseIds },
  { flags: '--tid <list>', help: 'only these threads', parse: parseIds },
  { flags: '-c, --comms <list>', help: 'only threads of these names', parse: parseList },
  { flags: '--comm <list>', help: '', parse: parseList, hidden: true },
  {
    flags: '--region <list>',
    help: 'only what threads did in regions of these names, which the program marked (strata python-helper)',
    parse: parseList,
  },
];

export function sampleChoice(values: Values): SampleChoice {
  return {
    ...given('event', values['event'] as string | undefined),
    ...given('pids', values['pid'] as number[] | undefined),
    ...given('tids', values['tid'] as number[] | undefined),
    ...given('comms', (values['comms'] ?? values['comm']) as string[] | undefined),
    ...given('regions', values['region'] as string[] | undefined),
  };
}

/**
 * What every report lets a person choose by. `--view` stands first; commands whose default is another give
 * their own.
 */
export function selectionFlags(view: Partial<Flag> = {}): readonly Flag[] {
  const flags: readonly Flag[] = [
    {
      flags: '--view <view>',
      help:
        'full: every frame; mixed: without the interpreter’s own C; python: only Python functions; ' +
        'native: only what is not Python',
      choices: VIEWS,
      valueText: 'mixed where there is Python, else full',
      ...view,
    },
    ...SAMPLE_CHOICE,
    {
      flags: '--thread <list>',
      help: 'only these threads: IDs, or names that they had last',
      parse: parseList,
    },
    { flags: '-C, --cpu <list>', help: 'only samples on these CPUs: 0,2-3', parse: parseRanges },
    {
      flags: '--time <spans>',
      help: 'only these times: START,STOP in seconds, or shares: 10%-20%, 10%/2',
      parse: parseTimes,
    },
    {
      flags: '--symbol <list>',
      help: 'only samples with such a function on the stack: names, names with *, /regex/',
      parse: parseNames,
    },
    {
      flags: '--module <list>',
      help: 'only samples with such a module on the stack: json, libz.so.1, /regex/',
      parse: parseNames,
    },
    { flags: '--exclude <list>', help: 'no samples with such a function', parse: parseNames },
    {
      flags: '--focus <list>',
      help: 'stacks from such a function on, and no samples without one',
      parse: parseNames,
    },
    {
      flags: '--layer <list>',
      help: `only samples whose innermost frame shown is of these: ${LAYER_NAMES.join(', ')}`,
      parse: parseLayers,
    },
    { flags: '--invert', help: 'turn stacks around: innermost function first' },
  ];
  return flags.map((flag) => ({ ...flag, group: 'What to look at' }));
}

export function selection(values: Values): Selection {
  return {
    ...sampleChoice(values),
    ...given('view', values['view'] as View | undefined),
    ...given('threads', values['thread'] as string[] | undefined),
    ...given('cpus', values['cpu'] as number[] | undefined),
    ...given('times', values['time'] as TimeChoice | undefined),
    ...given('symbols', values['symbol'] as NamePattern[] | undefined),
    ...given('modules', values['module'] as NamePattern[] | undefined),
    ...given('excluded', values['exclude'] as NamePattern[] | undefined),
    ...given('focus', values['focus'] as NamePattern[] | undefined),
    ...given('layers', values['layer'] as Layer[] | undefined),
    ...given('invert', values['invert'] as boolean | undefined),
  };
}

/** @throws StrataError for a name that is no layer's */
function parseLayers(text: string): Layer[] {
  return parseList(text).map((name) => {
    const layer = (LAYER_NAMES as readonly string[]).indexOf(name);
    if (layer < 0) throw new StrataError(`'${name}' is none of ${LAYER_NAMES.join(', ')}`);
    return layer as Layer;
  });
}

/** `{name: value}`, or nothing where the flag was not given: an optional property is absent, not undefined. */
export function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [N in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: Value };
}

/** @throws StrataError (exit code 2) for `--append` without a file, which a reader would look for in vain */
export function requireOutputToAppend(values: Values): void {
  if (values['append'] !== true || values['output'] !== undefined) return;
  throw usageError('--append needs a file to add to', 'for example: -o FILE --append');
}

/**
 * Which was given of flags that exclude each other.
 * @param names as values have them: `mergeThreads`
 * @throws StrataError (exit code 2) where several were
 */
export function oneOf<Name extends string>(
  values: Values,
  names: readonly Name[],
  hint = 'give one of them',
): Name | undefined {
  const asked = names.filter((name) => values[name] !== undefined);
  if (asked.length > 1) {
    const [one, other] = asked.map(flagName);
    throw usageError(`${one} and ${other} exclude each other`, hint);
  }
  return asked.at(0);
}

/** `--merge-threads` of `mergeThreads`. */
export function flagName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
