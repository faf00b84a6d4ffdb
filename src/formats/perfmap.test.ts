import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parsePerfMap, type PerfMap } from './perfmap.js';

function lines(map: PerfMap): string[] {
  return Array.from(
    { length: map.length },
    (_, i) => `${map.starts[i].toString(16)} ${map.sizes[i].toString(16)} ${map.name(i)}`,
  );
}

function read(text: string): PerfMap {
  return parsePerfMap(Buffer.from(text));
}

test('reads lines as CPython and V8 write them', () => {
  const map = read(
    '7f40deb41c16 b py::main:/tmp/with spaces/ä.py\n' +
      '7f40deb41000 b py::<lambda>:<frozen importlib._bootstrap>\n' +
      '0x7f40deb42000 0x10 Builtin:ArgumentsAdaptorTrampoline\r\n',
  );
  assert.equal(map.skipped, 0);
  assert.deepEqual(lines(map), [
    '7f40deb41000 b py::<lambda>:<frozen importlib._bootstrap>',
    '7f40deb41c16 b py::main:/tmp/with spaces/ä.py',
    '7f40deb42000 10 Builtin:ArgumentsAdaptorTrampoline',
  ]);
  assert.equal(map.find(0x7f40deb41c16), 1);
  assert.equal(map.find(0x7f40deb41c20), 1);
  assert.equal(map.find(0x7f40deb41c21), -1);
  assert.equal(map.find(0x7f40deb40fff), -1);
});

test("names of Node.js's and Java's functions are kept as they are", () => {
  const names = [
    'LazyCompile:~foo /srv/my app/file.js:1:2',
    'LazyCompile:*foo file.js:1:2',
    'JS:^Module._compile node:internal/modules/cjs/loader:1483:37',
    'RegExp:^(a|b) c$',
    'Lcom/foo/Bar;::baz',
    'Lcom/foo/Bar;::lambda$main$0(I)V [inlined]',
    'void [example] Program::Main(class String[])[Optimized]',
  ];
  const map = read(
    names.map((name, i) => `${(0x1000 + i * 16).toString(16)} 10 ${name}\n`).join(''),
  );
  assert.equal(map.skipped, 0);
  assert.deepEqual(
    names.map((_, i) => map.name(i)),
    names,
  );
});

test('the later of overlapping lines wins', () => {
  assert.deepEqual(lines(read('1000 100 old\n1080 100 new\n')), ['1080 100 new']);
  assert.deepEqual(lines(read('1080 100 old\n1000 100 new\n')), ['1000 100 new']);
  assert.deepEqual(lines(read('1000 10 old\n1000 10 new\n1010 10 next\n')), [
    '1000 10 new',
    '1010 10 next',
  ]);
  assert.deepEqual(lines(read('1000 10 a\n1010 10 b\n1020 10 c\n1000 30 all\n')), ['1000 30 all']);
});

test('counts what is damaged and keeps the rest', () => {
  const map = read(
    'py::cut:/tmp/x.py\n' + // the start is missing
      '7f00 b\n' + // cut before the name
      '7f10 zz name\n' +
      '7f20 0 empty\n' +
      '7f30 ffffffffff too_large\n' +
      'ffffffffffffffff b beyond\n' +
      '\n' +
      '7f40 b good\n' +
      '7f50 b last line, still being writ',
  );
  assert.deepEqual(lines(map), ['7f40 b good', '7f50 b last line, still being writ']);
  assert.equal(map.skipped, 6);
});

test('reads every truncation and any bytes without an error', () => {
  const bytes = Buffer.from('7f40deb41c16 b py::f:/ä.py\n0x7f40deb42000 10 g\n');
  for (let length = 0; length <= bytes.length; length++) {
    assert.ok(parsePerfMap(bytes.subarray(0, length)).length <= 2);
  }
  assert.equal(parsePerfMap(new Uint8Array(1000).fill(0xff)).length, 0);
});
