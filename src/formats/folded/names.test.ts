import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  foldedComm,
  foldedFrames,
  foldedUnknown,
  parseFoldedComm,
  parseFoldedName,
} from './names.js';

/** Symbol → frames, as `stackcollapse-perf.pl` of FlameGraph and `inferno-collapse-perf` 0.12 write them. */
const FRAMES: readonly (readonly [symbol: string, frames: readonly string[]])[] = [
  ['main', ['main']],
  ['odd;name', ['odd:name']],
  ['py::work:/srv/app.py', ['py::work:/srv/app.py']],
  [
    'std::vector<int, std::allocator<int> >::push_back(int const&)',
    ['std::vector<int, std::allocator<int> >::push_back'],
  ],
  ['(anonymous namespace)::hidden(int)', []],
  ['node::(anonymous namespace)::Worker(void*)', ['node::(anonymous namespace)::Worker']],
  ['net/http.(*Client).Do', ['net/http.(*Client).Do']],
  ['Box::operator->()', ['Box::operator']],
  ['Lorg/a/B;.outer->Lorg/a/B;.inner', ['Lorg/a/B:.outer', 'Lorg/a/B:.inner_[i]']],
  ['(perf)', []],
  ['RegExp:["\']', ['RegExp:[]']],
  ['two\nlines\r\nmore', ['two lines more']],
];

for (const [symbol, frames] of FRAMES) {
  test(`the frames of ${JSON.stringify(symbol)}`, () => {
    assert.deepEqual(foldedFrames(symbol), frames);
  });
}

test('in processes of Java the L of a signature goes', () => {
  assert.deepEqual(foldedFrames('Lorg/a/B;.call', true), ['org/a/B:.call']);
  assert.deepEqual(foldedFrames('Loop', true), ['Loop']);
});

test('functions without a symbol are named after their file', () => {
  assert.equal(foldedUnknown('/usr/lib/libc.so.6'), '[libc.so.6]');
  assert.equal(foldedUnknown('[kernel.kallsyms]'), '[[kernel.kallsyms]]');
  assert.equal(foldedUnknown(undefined), '[unknown]');
});

test('the first frame', () => {
  assert.equal(foldedComm('my app'), 'my_app');
  assert.equal(foldedComm('a;b\n'), 'a:b_');
  assert.equal(foldedComm('app', { pid: 3 }), 'app-3');
  assert.equal(foldedComm('app', { pid: 3, tid: 4 }), 'app-3/4');
  assert.deepEqual(parseFoldedComm('app-3/4'), { comm: 'app', pid: 3, tid: 4 });
  assert.equal(parseFoldedComm('kworker-5'), undefined);
});

test('what a frame says is taken apart', () => {
  assert.deepEqual(parseFoldedName('vfs_read_[k]'), { name: 'vfs_read', mark: '_[k]', line: -1 });
  assert.deepEqual(parseFoldedName('work (app.py:12)'), {
    name: 'work',
    mark: '',
    file: 'app.py',
    line: 12,
  });
  assert.deepEqual(parseFoldedName('<module> (<string>:1)'), {
    name: '<module>',
    mark: '',
    file: '<string>',
    line: 1,
  });
  assert.deepEqual(parseFoldedName('deflate (libz.so.1)'), {
    name: 'deflate',
    mark: '',
    module: 'libz.so.1',
    line: -1,
  });
  assert.deepEqual(parseFoldedName('[libz.so.1]'), {
    name: '[libz.so.1]',
    mark: '',
    module: 'libz.so.1',
    line: -1,
  });
  assert.deepEqual(parseFoldedName('f(int)'), { name: 'f(int)', mark: '', line: -1 });
});

test('names of any length take a time that grows with it', () => {
  const long = '.('.repeat(100_000);
  assert.deepEqual(foldedFrames(`a${long}`), ['a.']);
  assert.deepEqual(foldedFrames('net/http.(*Client).Do'), ['net/http.(*Client).Do']);
});
