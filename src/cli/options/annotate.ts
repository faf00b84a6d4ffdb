/** `annotate`'s flags. */
import { InvalidArgumentError } from 'commander';

import type { Selection } from '../../profile/selection/selection.js';
import { parsePercent, parseWhole } from '../values.js';
import { given, INPUT, oneOf, selection, selectionFlags } from './shared.js';
import type { CommandSpec } from './spec.js';
import { symbolChoice, SYMBOLS, type SymbolChoice } from './symbols.js';

/** How many symbols are annotated where none is named. */
const DEFAULT_LIMIT = 5;

export interface AnnotateOptions extends SymbolChoice {
  readonly input: string;
  readonly selection: Selection;
  /** Symbols, files, modules and places; the hottest symbols where there are none. */
  readonly targets: readonly string[];
  readonly limit: number;
  readonly asm: boolean;
  /** Whether instructions stand below their source lines. */
  readonly source: boolean;
  readonly lineNumbers: boolean;
  readonly showCounts: boolean;
  readonly context: number;
  readonly minPercent: number;
  readonly full: boolean;
  readonly format: 'text' | 'json' | 'csv';
  readonly sourcePaths?: readonly string[];
  readonly prefix?: string;
  readonly prefixStrip?: number;
  readonly objdump?: string;
  readonly style?: string;
  readonly raw: boolean;
}

export const ANNOTATE: CommandSpec<AnnotateOptions> = {
  name: 'annotate',
  summary: 'show source lines and instructions with their cost',
  description:
    'Shows the source of a symbol, a file or a Python module with what each line costs; without one the ' +
    'hottest symbols’. Python functions cost as a whole, as recordings name functions and not lines.',
  operands: '[symbol|file|file:line...]',
  flagsAnywhere: true,
  flags: [
    INPUT,
    {
      flags: '-s <name>',
      help: 'the same as a symbol without the flag',
      parse: (text: string, before: readonly string[] = []) => [...before, text],
      hidden: true,
    },
    {
      flags: '--asm',
      help: 'show instructions with their cost, by objdump',
    },
    { flags: '--stdio', help: 'the same as --asm, about what perf annotate --stdio shows' },
    {
      flags: '--source',
      help: 'with --asm: show the source lines between the instructions',
      value: true,
      valueText: 'on',
    },
    { flags: '--no-source', help: 'with --asm: show instructions alone' },
    { flags: '-l, --print-line', help: 'with --asm: show file and line behind instructions' },
    { flags: '-n, --show-nr-samples', help: 'add a column with the number of samples' },
    {
      flags: '--limit <N>',
      help: 'how many symbols to show where none is named, or a pattern means many',
      value: DEFAULT_LIMIT,
      parse: parseWhole(1, 10_000),
    },
    {
      flags: '--context <N>',
      help: 'lines to show around those that cost something',
      value: 3,
      parse: parseWhole(0, 10_000),
    },
    { flags: '--full', help: 'show whole files and functions' },
    {
      flags: '--min <N>',
      help: 'leave out lines below N percent of what is annotated, except as context',
      value: 0.5,
      parse: parsePercent,
    },
    {
      flags: '--source-path <dir>',
      help: 'folder that has sources, by any part of their path; may be repeated',
      parse: (text: string, before: readonly string[] = []) => [...before, text],
    },
    { flags: '--prefix <dir>', help: 'put this before the absolute paths of sources' },
    {
      flags: '--prefix-strip <N>',
      help: 'folders to take off paths before --prefix is put there',
      parse: parseWhole(0, 1000),
    },
    { flags: '--objdump <path>', help: 'the disassembler', valueText: 'objdump' },
    {
      flags: '-M, --disassembler-style <style>',
      help: 'how instructions are written: intel, att, what else objdump -M knows',
      parse: parseStyle,
    },
    { flags: '--asm-raw', help: 'with --asm: show the bytes of instructions' },
    { flags: '--json', help: 'print one object' },
    { flags: '--csv', help: 'print a line per source line, function and instruction with a cost' },
    ...selectionFlags(),
    ...SYMBOLS,
  ],
  examples: [
    ['strata annotate', 'the symbols that cost most'],
    ['strata annotate parse', 'a function by its name'],
    ['strata annotate app.py', 'all of a file that was sampled; also json.decoder, app.py:12'],
    ['strata annotate --asm -M intel parse', 'instructions, with the lines that they come from'],
    ['strata annotate --full --min 0 hot.c', 'a whole source file'],
    ['strata annotate --json parse | jq', 'for a script'],
  ],
  options: (values, operands) => {
    const stdio = values['stdio'] === true;
    return {
      input: values['input'] as string,
      selection: { ...selection(values), leavesWaiting: true },
      ...symbolChoice(values),
      targets: [...operands, ...((values['s'] as string[] | undefined) ?? [])],
      limit: values['limit'] as number,
      asm: stdio || values['asm'] === true || values['asmRaw'] === true,
      source: values['source'] === true,
      lineNumbers: values['printLine'] === true,
      showCounts: values['showNrSamples'] === true,
      context: values['context'] as number,
      minPercent: values['min'] as number,
      full: values['full'] === true,
      format: oneOf(values, ['json', 'csv']) ?? 'text',
      ...given('sourcePaths', values['sourcePath'] as string[] | undefined),
      ...given('prefix', values['prefix'] as string | undefined),
      ...given('prefixStrip', values['prefixStrip'] as number | undefined),
      ...given('objdump', values['objdump'] as string | undefined),
      ...given('style', values['disassemblerStyle'] as string | undefined),
      raw: values['asmRaw'] === true,
    };
  },
};

function parseStyle(text: string): string {
  if (!/^[\w,=.-]+$/.test(text)) throw new InvalidArgumentError('A word, as intel or att.');
  return text;
}
