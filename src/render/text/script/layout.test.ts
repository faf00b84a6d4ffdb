import assert from 'node:assert/strict';
import { test } from 'node:test';

import { layoutOf } from './layout.js';

test('knows how versions of perf differ', () => {
  const of = (version: string): string => {
    const { idWidth, fileOffsets } = layoutOf(version);
    return `${idWidth} ${fileOffsets ? 'file' : 'memory'}`;
  };
  const versions = ['4.19.0', '5.10.0-8', '5.16', '6.1.187', '6.3', '6.4', '6.8.12', '10.0'];
  assert.deepEqual(versions.map(of), [
    ...['5 memory', '5 memory', '5 file', '5 file', '5 file', '5 memory', '7 memory', '7 memory'],
  ]);
  assert.equal(of('strata 0.1.0'), of('6.1'));
  assert.equal(of(''), of('6.1'));
});
