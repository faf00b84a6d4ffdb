import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { SourceFiles, SourceText, type SourceOptions } from './source-text.js';

const folder = mkdtempSync(join(tmpdir(), 'strata-sources-'));
after(() => {
  rmSync(folder, { recursive: true });
});
mkdirSync(join(folder, 'tree', 'src'), { recursive: true });
writeFileSync(join(folder, 'tree', 'src', 'a.c'), 'one\r\ntwo\n\nlast');

function lookUp(file: string, options: SourceOptions = {}): string {
  const found = new SourceFiles(options).find(file);
  return found instanceof SourceText ? found.path : found.problem;
}

test('reads lines, whatever ends them', () => {
  const found = new SourceFiles().find(join(folder, 'tree/src/a.c'));
  assert.ok(found instanceof SourceText);
  assert.equal(found.length, 4);
  const lines = [0, 1, 2, 3, 4, 5, NaN].map((line) => found.line(line));
  assert.deepEqual(lines, [undefined, 'one', 'two', '', 'last', undefined, undefined]);
  assert.equal(new SourceText('', 0, new Uint8Array(0)).length, 0);
  const long = new SourceText('', 0, new Uint8Array(1e6).fill(0x61));
  assert.ok((long.line(1) ?? '').length < 10_000);
});

test('looks where it is told to, first', () => {
  const path = join(folder, 'tree/src/a.c');
  assert.equal(lookUp(path), path);
  assert.equal(lookUp('/build/x/src/a.c'), '/build/x/src/a.c is not there');
  assert.equal(lookUp('/build/x/src/a.c', { sourcePaths: [join(folder, 'tree')] }), path);
  assert.equal(lookUp('../../src/a.c', { sourcePaths: [join(folder, 'tree')] }), path);
  assert.equal(lookUp('a.c', { sourcePaths: ['/nowhere', join(folder, 'tree/src')] }), path);
  assert.equal(lookUp('/src/a.c', { symfs: join(folder, 'tree') }), path);
  const prefix = join(folder, 'tree');
  assert.equal(lookUp('/build/x/src/a.c', { prefix, prefixStrip: 2 }), path);
  assert.match(lookUp('/build/x/src/a.c', { prefix }), /not there/);
});

test('says why there is no text', () => {
  assert.equal(lookUp('<frozen os>'), '<frozen os> is no file');
  assert.equal(lookUp('a\0b'), 'it has no usable path');
  assert.equal(lookUp(''), 'it has no usable path');
  assert.equal(lookUp(folder), `${folder} is not there`);
  assert.equal(lookUp('/dev/zero'), '/dev/zero is not there');
  const binary = join(folder, 'binary.c');
  writeFileSync(binary, 'int\0');
  assert.equal(lookUp(binary), `${binary} is no text`);
  const huge = join(folder, 'huge.c');
  writeFileSync(huge, '');
  truncateSync(huge, 2 ** 32);
  assert.match(lookUp(huge), /huge\.c has 4\.0 GiB: too much/);
});
