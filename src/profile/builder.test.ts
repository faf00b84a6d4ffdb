import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EMPTY_META, ProfileBuilder } from './builder.js';
import { Layer, Truncation } from './profile.js';

test('what is equal is stored once', () => {
  const builder = new ProfileBuilder();
  const module = builder.module('libc.so.6', '/lib/libc.so.6');
  assert.equal(builder.module('libc.so.6', '/lib/libc.so.6', 'ab12'), module);
  assert.notEqual(builder.module('libc.so.6', '/other/libc.so.6'), module);
  const func = builder.function('read', module, -1, Layer.Native);
  assert.equal(builder.function('read', module, -1, Layer.Native), func);
  assert.notEqual(builder.function('read', module, 'read.c', Layer.Native), func);
  assert.notEqual(builder.function('read', module, -1, Layer.Unknown), func);
  const frame = builder.frame(func, -0x7f000000, 12, 0);
  assert.equal(builder.frame(func, -0x7f000000, 12, 0), frame);
  for (const other of [
    builder.frame(func, -0x7f000001, 12, 0),
    builder.frame(func, -0x7f000000, 13, 0),
    builder.frame(func, -0x7f000000, 12, 1),
    builder.frame(func, -0x7f000000 + 2 ** 32, 12, 0),
  ]) {
    assert.notEqual(other, frame);
  }
  const stack = builder.stack(-1, frame);
  assert.equal(builder.stack(-1, frame), stack);
  assert.notEqual(builder.stack(stack, frame), stack);

  const profile = builder.finish(EMPTY_META);
  assert.equal(profile.strings[profile.modules.buildId[module]], 'ab12');
  assert.equal(profile.functions.file[func], -1);
  assert.equal(profile.frames.address[frame], -0x7f000000);
});

test('a thread has the last name that it had, a sample the one of its time', () => {
  const builder = new ProfileBuilder();
  const event = builder.event('cpu-clock', 'ns');
  for (const [time, name] of [
    [20, 'python'],
    [10, 'sh'],
    [30, 'worker'],
  ] as const) {
    const thread = builder.thread(1, 2, name);
    const comm = builder.string(name);
    builder.addSample(thread, comm, time, -1, -1, event, 1, Truncation.None);
  }
  const { threads, samples, strings, meta } = builder.finish(EMPTY_META);
  assert.equal(threads.length, 1);
  assert.equal(strings[threads.name[0]], 'worker');
  assert.deepEqual(
    Array.from(samples.comm, (comm) => strings[comm]),
    ['python', 'sh', 'worker'],
  );
  assert.deepEqual([meta.start, meta.end], [10, 30]);
});

test('the prefix tree stays right as it grows', () => {
  const builder = new ProfileBuilder();
  const func = builder.function('f', -1, -1, Layer.Unknown);
  const frames = Array.from({ length: 5000 }, (_, i) => builder.frame(func, i * 16, -1, 0));
  const push = () => frames.reduce((parent, frame) => builder.stack(parent, frame), -1);
  const leaf = push();
  assert.equal(push(), leaf);
  const { stacks } = builder.finish(EMPTY_META);
  assert.equal(stacks.length, frames.length);
  for (let stack = 0; stack < stacks.length; stack++) {
    assert.equal(stacks.parent[stack], stack - 1);
    assert.equal(stacks.frame[stack], frames[stack]);
  }
});
