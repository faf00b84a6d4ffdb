import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StrataError } from '../../base/errors.js';
import { randomNumbers } from '../../testing/random-profile.js';
import { BLOCK_SIZE, isDebugOffsets, readDebugOffsets, versionOf } from './debug-offsets.js';

/** A block of a version, whose every field is its own position. */
function block(version: number): Uint8Array {
  const bytes = new Uint8Array(BLOCK_SIZE);
  const view = new DataView(bytes.buffer);
  for (let at = 16; at < BLOCK_SIZE; at += 8) view.setUint32(at, at, true);
  bytes.set(Buffer.from('xdebugpy'));
  view.setUint32(8, version, true);
  return bytes;
}

test('fields are found where each version has them', () => {
  const three14 = readDebugOffsets(block(0x030e0af0));
  assert.equal(three14.version.text, '3.14.10');
  assert.equal(three14.runtime.interpretersHead, 40);
  assert.deepEqual(three14.interpreter, {
    id: 56,
    next: 64,
    threadsHead: 72,
    threadsMain: 80,
    remoteDebuggingEnabled: 728,
  });
  assert.deepEqual(three14.thread, {
    next: 192,
    interpreter: 200,
    nativeThreadId: 224,
    evalBreaker: 712,
    pendingCall: 720 + 736,
    scriptPath: 720 + 744,
  });
  const three15 = readDebugOffsets(block(0x030f02f0));
  assert.equal(three15.thread.nativeThreadId, 248);
  assert.equal(three15.thread.evalBreaker, 840);
  assert.equal(three15.scriptPathSize, 880);
});

test('versions that are not known, and what comes before a release, are refused', () => {
  assert.equal(versionOf(block(0x030f00b2)).text, '3.15.0b2');
  for (const version of [0x030d00f0, 0x031000f0, 0x030f00c1, 0x040e00f0, 0]) {
    assert.throws(() => readDebugOffsets(block(version)), /is not known to Strata/);
  }
  assert.ok(!isDebugOffsets(new Uint8Array(BLOCK_SIZE)));
});

test('whatever else the block holds, only errors of ours come of it', () => {
  const random = randomNumbers(7);
  for (let i = 0; i < 500; i++) {
    const bytes = block(0x030e0af0);
    for (let n = 0; n < 6; n++) bytes[16 + random(744)] = random(256);
    try {
      const { thread, interpreter, scriptPathSize } = readDebugOffsets(bytes);
      for (const offset of [...Object.values(thread), ...Object.values(interpreter)]) {
        assert.ok(offset >= 0 && offset <= 2 ** 21);
      }
      assert.ok(scriptPathSize >= 64 && scriptPathSize <= 4096);
    } catch (error) {
      assert.ok(error instanceof StrataError, String(error));
    }
  }
});
