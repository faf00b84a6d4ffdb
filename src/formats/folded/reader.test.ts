import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FormatError } from '../../base/errors.js';
import { MemorySource } from '../../base/source.js';
import { isPerfScript } from '../perfscript/sniff.js';
import { FoldedReader } from './reader.js';
import { isFolded } from './sniff.js';

function read(text: string): string[] {
  const reader = new FoldedReader(new MemorySource(Buffer.from(text)));
  const stacks: string[] = [];
  while (reader.next()) {
    const names = Array.from(reader.stack.subarray(0, reader.depth), (row) =>
      reader.frames.text(row),
    );
    const other = reader.columns === 2 ? ` ${reader.other}` : '';
    stacks.push(`${names.join('|')}${other} ${reader.weight}`);
  }
  return stacks;
}

test('stacks, frames and weights', () => {
  assert.deepEqual(read('a;b c;d 42\na 1\n'), ['a|b c|d 42', 'a 1']);
});

test('ends of lines, empty lines, comments, and a last line without an end', () => {
  assert.deepEqual(read('\r\n# made by x\r\na;b 42\r\n\n  \na;ü\t7 \r\nz 0'), [
    'a|b 42',
    'a|ü 7',
    'z 0',
  ]);
});

test('numbers may have decimals, names may end in numbers', () => {
  assert.deepEqual(read('a;b 1.5\na;thread 7 2\n'), ['a|b 1.5', 'a|thread 7 2']);
});

test('lines with two numbers are a comparison', () => {
  assert.deepEqual(read('a;b 31 28\na 0 1.5\n'), ['a|b 31 28', 'a 0 1.5']);
});

test('empty frames keep their place', () => {
  assert.deepEqual(read('a;;b 1\n'), ['a||b 1']);
});

test('stacks deeper than any are cut', () => {
  const reader = new FoldedReader(new MemorySource(Buffer.from(`${'f;'.repeat(9000)}f 1\n`)));
  assert.equal(reader.next(), true);
  assert.equal(reader.depth, 8192);
  assert.equal(reader.isCut, true);
});

const REFUSED: readonly (readonly [text: string, message: RegExp])[] = [
  ['a;b 1\na;b\n', /line 2 at byte 6: expected a number behind the stack.*, found "a;b"$/],
  ['a;b 1\n\n#\na;b -4\n', /line 4 at byte 9: expected a number/],
  ['a;b 1e9\n', /expected a number/],
  ['a;b 1.2.3\n', /expected a number/],
  ['a;b .\n', /expected a number/],
  [' 12\n', /expected a number/],
  ['12\n', /expected a number/],
  [
    'a;b 99999999999999999999\n',
    /a number of at most 9007199254740991, found "99999999999999999999"/,
  ],
  ['a;b 1 2\na;c 3\n', /line 2 at byte 8: expected two numbers.*, found "a;c 3"$/],
  [
    `a;${'b'.repeat(2 ** 20)} 3\n`,
    /line 1 at byte \d+: expected at most 1048576 bytes, found more/,
  ],
  [`${'c'.repeat(80)}\n`, /found "c{60}"…$/],
];

for (const [text, message] of REFUSED) {
  test(`refused: ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.throws(
      () => read(text),
      (error) => {
        assert.ok(error instanceof FormatError);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('read in pieces of any size', () => {
  const stacks = Array.from({ length: 300_000 }, (_, i) => `main;work_${i % 1000};leaf ${i}`);
  assert.equal(read(`${stacks.join('\n')}\n`).length, stacks.length);
});

test('what folded stacks look like', () => {
  for (const text of ['a;b 42\n', '# x\n\npython3;py::f:/a.py 3\r\n', 'a;b 1 2', 'main 1.5\n']) {
    assert.equal(isFolded(Buffer.from(text)), true, text);
    assert.equal(isPerfScript(Buffer.from(text)), false, text);
  }
  const scripts = 'app 12 [000] 1.5: 1000 cycles:\n\t55d0 main+0x3 (/bin/x)\n\n';
  for (const text of ['', 'hello\n', '{"a": 1}\n', '12\n', 'a;b 4\0', scripts]) {
    assert.equal(isFolded(Buffer.from(text)), false, text);
  }
});
