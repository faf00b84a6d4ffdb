/** `inject`'s flags. */
import type { InjectOptions } from '../../record/inject/inject.js';
import { RECORDING } from './shared.js';
import type { CommandSpec } from './spec.js';
import { SYMBOL_FILES, symbolChoice } from './symbols.js';

export interface InjectChoice extends Omit<InjectOptions, 'onDownload'> {
  /** -1 quiet, 0, 1 verbose. */
  readonly verbosity: -1 | 0 | 1;
}

export const INJECT: CommandSpec<InjectChoice> = {
  name: 'inject',
  summary: 'put call chains and names into a recording, for perf too',
  description:
    'Makes a recording with copied stacks (perf record --call-graph dwarf, strata record --keep-stacks) or ' +
    'jitdumps into a small one with whole call chains and the names of generated code inside, which perf ' +
    'report and perf script read. The recording that was read stays as it is.',
  flags: [
    RECORDING,
    {
      flags: '-o, --output <file>',
      help: 'recording to write; an older one becomes FILE.old',
      valueText: 'the input’s name and .injected',
    },
    {
      flags: '-N, --no-buildid-cache',
      help: 'do not put the names into perf’s build-ID cache (~/.debug), where perf report looks',
    },
    ...SYMBOL_FILES,
    { flags: '-q, --quiet', help: 'say nothing but errors' },
    { flags: '-v, --verbose', help: 'say what is done' },
  ],
  examples: [
    ['strata inject', 'perf.data → perf.data.injected'],
    ['strata inject -o small.data && perf report -i small.data', 'perf’s own report of it'],
    ['perf record -g -o - python app.py | strata inject -i - -o small.data', 'from a pipe'],
  ],
  options: (values) => {
    const input = values['input'] as string;
    return {
      input,
      output:
        (values['output'] as string | undefined) ??
        `${input === '-' ? 'perf.data' : input}.injected`,
      buildIdCache: values['buildidCache'] === true,
      symbols: symbolChoice(values).symbols,
      verbosity: values['quiet'] === true ? -1 : values['verbose'] === true ? 1 : 0,
    };
  },
};
