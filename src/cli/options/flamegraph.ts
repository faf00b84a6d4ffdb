/** `flamegraph`'s flags. */
import type { Selection } from '../../profile/selection.js';
import type { MinWidth } from '../../render/flamegraph/flamegraph.js';
import { parseMinWidth, parseWhole } from '../values.js';
import { given, INPUT, selection, selectionFlags } from './shared.js';
import type { CommandSpec } from './spec.js';
import { symbolChoice, SYMBOLS, type SymbolChoice } from './symbols.js';

export interface FlamegraphOptions extends SymbolChoice {
  readonly input: string;
  readonly selection: Selection;
  readonly output: string;
  readonly title?: string;
  /** Roots on top, as an icicle. */
  readonly inverted: boolean;
  /** Pixels. */
  readonly width: number;
  /** Frames narrower than this are left out. */
  readonly minWidth: MinWidth;
  /** Whether threads are drawn apart. */
  readonly threads: boolean;
}

export const FLAMEGRAPH: CommandSpec<FlamegraphOptions> = {
  name: 'flamegraph',
  summary: 'draw an interactive flame graph (SVG)',
  description:
    'Draws a flame graph as an SVG file that a browser opens: click to zoom, search by name.',
  flags: [
    INPUT,
    {
      flags: '-o, --output <file>',
      help: 'picture to write; - is standard output',
      value: 'flamegraph.svg',
    },
    { flags: '--title <text>', help: 'title of the picture', valueText: 'the recorded command' },
    { flags: '--inverted', help: 'outermost functions on top (an icicle)' },
    {
      flags: '--width <pixels>',
      help: 'width of the picture',
      value: 1200,
      parse: parseWhole(200, 20_000),
    },
    { flags: '--threads', help: 'draw threads apart' },
    {
      flags: '--min-width <width>',
      help: 'leave out what is narrower: pixels (0.1) or a share (0.5%)',
      value: 0.1,
      parse: parseMinWidth,
    },
    ...selectionFlags(),
    ...SYMBOLS,
  ],
  examples: [
    ['strata flamegraph', 'perf.data of this folder to flamegraph.svg'],
    ['strata flamegraph --view python -o python.svg', 'only Python functions'],
    ['strata flamegraph --event offcpu-time -o waits.svg', 'where threads waited'],
    ['strata flamegraph --inverted --title "Start-up"', 'an icicle with a title'],
  ],
  options: (values) => ({
    input: values['input'] as string,
    selection: { ...selection(values), leavesWaiting: true },
    ...symbolChoice(values),
    output: values['output'] as string,
    ...given('title', values['title'] as string | undefined),
    inverted: values['inverted'] === true,
    width: values['width'] as number,
    minWidth: values['minWidth'] as MinWidth,
    threads: values['threads'] === true,
  }),
};
