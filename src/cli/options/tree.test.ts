import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StrataError } from '../../base/errors.js';
import { parseName } from '../../profile/selection/names.js';
import { parseCommandLine } from '../program.js';
import type { TreeOptions } from './tree.js';

function options(line: string): TreeOptions {
  const invocation = parseCommandLine(['tree', ...line.split(' ').filter(Boolean)], '0');
  assert.equal(invocation.command, 'tree');
  return (invocation as { options: TreeOptions }).options;
}

test('tree: its flags, and their older names', () => {
  const plain = options('');
  const cases: Readonly<Record<string, Partial<TreeOptions>>> = {
    'x.folded --depth 4': { input: 'x.folded', maxDepth: 4 },
    '-i x.folded': { input: 'x.folded' },
    '-': { input: '-' },
    '--merge-threads --show-all --min 2% --depth 4': {
      mergeThreads: true,
      all: true,
      minPercent: 2,
      maxDepth: 4,
    },
    '--merge --all --min-percent 2 --max-depth 4': {
      mergeThreads: true,
      all: true,
      minPercent: 2,
      maxDepth: 4,
    },
    '--show json,/re/ --hide tests.*': { show: ['json', /re/], hide: [parseName('tests.*')] },
    '--flat': { flat: 'self' },
    '--flat --sort cumulative --csv': { flat: 'total', format: 'csv' },
    '--html': { format: 'html', output: 'tree.html', minPercent: 0.1 },
    '--html -o - --min 1': { format: 'html', output: '-', minPercent: 1 },
    '--json -o x.json --color always': { format: 'json', output: 'x.json', color: 'always' },
  };
  for (const [line, expected] of Object.entries(cases)) {
    assert.deepEqual(options(line), { ...plain, ...expected }, line);
  }
});

test('tree: what does not go together is refused, with what to do', () => {
  const refused: Readonly<Record<string, RegExp>> = {
    '--html --json': /--html and --json exclude each other/,
    '--sort self': /--sort is of the table/,
    '--flat --html': /--flat makes no page/,
    '--flat --invert': /--flat has no calls to turn around/,
    '--color maybe': /--color/,
    '--show /(/': /is no regular expression/,
  };
  for (const [line, message] of Object.entries(refused)) {
    assert.throws(
      () => options(line),
      (error: unknown) =>
        error instanceof StrataError &&
        message.test(error.message) &&
        (error.exitCode === 2 || line.startsWith('--show')),
      line,
    );
  }
});
