import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseCommandLine } from '../program.js';
import type { FlamegraphOptions } from './flamegraph.js';

function parse(line: string): FlamegraphOptions {
  const argv = ['flamegraph', ...line.split(' ').filter(Boolean)];
  const invocation = parseCommandLine(argv, '1.2.3');
  if (!('options' in invocation)) throw new Error(`not a command: ${line}`);
  return invocation.options as FlamegraphOptions;
}

/** Flags → what they become. */
const UNDERSTOOD: readonly (readonly [line: string, options: Partial<FlamegraphOptions>])[] = [
  ['', { format: 'svg', output: 'flamegraph.svg' }],
  ['--html', { format: 'html', output: 'flamegraph.html' }],
  ['-o x.HTML', { format: 'html', output: 'x.HTML' }],
  ['-o x.svg --html', { format: 'html', output: 'x.svg' }],
  ['--icicle', { inverted: true }],
  ['--inverted', { inverted: true }],
  ['--colors module --sort size', { colors: 'module', sort: 'weight' }],
  ['--threads', { threads: true }],
  ['--merge-threads', { threads: false }],
  ['--chart', { chart: true }],
  ['--python-only', { selection: { leavesWaiting: true, view: 'python' } }],
  ['--native-only', { selection: { leavesWaiting: true, view: 'native' } }],
  ['--filter ^json\\.', { selection: { leavesWaiting: true, symbols: [/^json\./] } }],
  [
    '--folded',
    {
      format: 'folded',
      output: '-',
      folded: { count: 'period', root: 'comm', annotate: { kernel: false, jit: false } },
    },
  ],
  [
    '--folded --count samples --root tid --annotate kernel -o x',
    {
      format: 'folded',
      output: 'x',
      folded: { count: 'samples', root: 'tid', annotate: { kernel: true, jit: false } },
    },
  ],
  [
    '--folded --annotate all',
    { folded: { count: 'period', root: 'comm', annotate: { kernel: true, jit: true } } },
  ],
];

for (const [line, expected] of UNDERSTOOD) {
  test(`strata flamegraph ${line}`, () => {
    const options = parse(line);
    const actual = Object.fromEntries(
      Object.keys(expected).map((name) => [name, options[name as keyof FlamegraphOptions]]),
    );
    assert.deepEqual(actual, expected);
  });
}

/** Flags → message. */
const REFUSED: readonly (readonly [line: string, message: RegExp])[] = [
  ['--filter (', /'\(' is no regular expression/],
  ['--filter a --symbol b', /--filter and --symbol exclude each other/],
  ['--python-only --native-only', /--python-only and --native-only exclude each other/],
  ['--python-only --view full', /--python-only and --view exclude each other/],
  ['--threads --merge-threads', /--threads and --merge-threads exclude each other/],
  ['--folded --html', /--folded and --html exclude each other/],
  ['--folded --chart', /--folded and --chart exclude each other/],
  ['--count samples', /--count is of folded stacks/],
  ['--annotate kernel,none --folded', /'none' is none of kernel, jit, all/],
  ['--colors red', /red/],
  ['--sort depth', /depth/],
];

for (const [line, message] of REFUSED) {
  test(`refused: strata flamegraph ${line}`, () => {
    assert.throws(
      () => parse(line),
      (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, message);
        assert.equal((error as { exitCode?: number }).exitCode, 2, line);
        return true;
      },
    );
  });
}
