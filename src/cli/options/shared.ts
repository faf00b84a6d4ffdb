/** Flags that several commands have, and what they become. */
import { ExitCode, StrataError } from '../../base/errors.js';
import { VIEWS } from '../../profile/views.js';
import { parseIds, parseList } from '../values.js';
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

export const INPUT: Flag = {
  flags: '-i, --input <file>',
  help: 'recording to read, or the text of perf script; - is standard input',
  value: 'perf.data',
};

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

export const VIEW: Flag = {
  flags: '--view <view>',
  help:
    'full: every frame; mixed: without the interpreter’s own C; python: only Python functions; ' +
    'native: only what is not Python',
  choices: VIEWS,
};
export const VIEW_DEFAULT = 'mixed where there is Python, else full';

export function sampleChoice(values: Values): SampleChoice {
  return {
    ...given('event', values['event'] as string | undefined),
    ...given('pids', values['pid'] as number[] | undefined),
    ...given('tids', values['tid'] as number[] | undefined),
    ...given('comms', (values['comms'] ?? values['comm']) as string[] | undefined),
    ...given('regions', values['region'] as string[] | undefined),
  };
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
  throw new StrataError(
    '--append needs a file to add to',
    'for example: -o FILE --append',
    ExitCode.Usage,
  );
}
