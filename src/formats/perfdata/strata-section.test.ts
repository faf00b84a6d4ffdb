import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FormatError } from '../../base/errors.js';
import { decodeStrataSection, encodeStrataSection, type StrataSection } from './strata-section.js';

const SECTION: StrataSection = {
  info: {
    version: 1,
    program: 'strata 0.1.0',
    command: ['python3', 'app.py'],
    callerAddresses: 'call',
    namesPath: '/x/names',
    samples: 12,
    unwound: 10,
    whole: 8,
    lost: 3,
    throttled: 1,
    notes: ['a sentence'],
  },
  names: new Uint8Array([1, 2, 3]),
  kernelSymbols: new TextEncoder().encode('ffffffff81000000 T _text\n'),
  truncated: { ordinals: new Uint32Array([0, 7]), causes: new Uint8Array([1, 3]) },
  preempted: new Uint32Array([2, 3, 11]),
};

test('what is written is read again', () => {
  assert.deepEqual(decodeStrataSection(encodeStrataSection(SECTION)), SECTION);
});

test('a part of an unknown kind is passed over', () => {
  const bytes = encodeStrataSection(SECTION);
  const longer = new Uint8Array(bytes.byteLength + 24);
  longer.set(bytes);
  new DataView(longer.buffer).setUint32(bytes.byteLength, 99, true);
  new DataView(longer.buffer).setUint32(bytes.byteLength + 8, 5, true);
  assert.deepEqual(decodeStrataSection(longer), SECTION);
});

test('cut at any byte, it is read in part or refused by a FormatError', () => {
  const bytes = encodeStrataSection(SECTION);
  for (let length = 0; length < bytes.byteLength; length++) {
    try {
      decodeStrataSection(bytes.subarray(0, length));
    } catch (error) {
      assert.ok(error instanceof FormatError, `at ${length}: ${String(error)}`);
    }
  }
});

test('ordinals that do not rise are refused', () => {
  const bytes = encodeStrataSection({
    ...SECTION,
    truncated: { ordinals: new Uint32Array([7, 7]), causes: new Uint8Array([1, 1]) },
  });
  assert.throws(() => decodeStrataSection(bytes), /expected an ordinal above 7, found 7/);
});

test('regions are read as far as they make sense', () => {
  const region = { name: 'load', pid: 1, tid: 2, start: 3, end: 4 };
  const odd = [null, 7, {}, { ...region, name: 1 }, { ...region, end: 2 }, { ...region, tid: -1 }];
  const info = { ...SECTION.info, regions: [...odd, region] as (typeof region)[] };
  const read = decodeStrataSection(encodeStrataSection({ ...SECTION, info }));
  assert.deepEqual(read.info.regions, [region]);
});
