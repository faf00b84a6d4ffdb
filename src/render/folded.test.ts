import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EMPTY_META, ProfileBuilder } from '../profile/builder.js';
import { Layer, Truncation, type Profile } from '../profile/profile.js';
import { drawProfile } from '../testing/drawn.js';
import { randomProfile } from '../testing/random-profile.js';
import { writeFolded, type FoldedOptions } from './folded.js';

const OPTIONS: FoldedOptions = {
  event: 0,
  count: 'period',
  root: 'comm',
  annotate: { kernel: false, jit: false },
};

function fold(profile: Profile, options: Partial<FoldedOptions> = {}): string[] {
  const lines: string[] = [];
  writeFolded(profile, { ...OPTIONS, ...options }, (line) => lines.push(line.trimEnd()));
  return lines;
}

const PICTURE = `
  comm:my app      comm:my app      comm:java-w          comm:my app
  thread:7/7/m     thread:7/8/n     thread:9/9/j         thread:7/7/m
  weight:10        weight:5         weight:3             weight:2
  main[python]     main[python]     Lorg/a/B;.run[jit]   libz.so+0x40[libz.so]
  read[libc.so.6]  read[libc.so.6]  -                    -
  read[kernel]     -                -                    -
`;

test('lines are stacks, sorted, with what they weigh', () => {
  assert.deepEqual(fold(drawProfile(PICTURE)), [
    'java-w;org/a/B:.run 3',
    'my_app;[libz.so] 2',
    'my_app;py::main:app.py;read 5',
    'my_app;py::main:app.py;read;read 10',
  ]);
});

test('or how many samples they are', () => {
  assert.deepEqual(
    fold(drawProfile(PICTURE), { count: 'samples' }).map((line) => line.split(' ').at(-1)),
    ['1', '1', '1', '1'],
  );
});

test('processes and threads are told apart by their IDs', () => {
  const roots = (root: FoldedOptions['root']): string[] =>
    fold(drawProfile(PICTURE), { root }).map((line) => line.split(';')[0]);
  assert.deepEqual(roots('pid'), ['java-w-9', 'my_app-7', 'my_app-7', 'my_app-7']);
  assert.deepEqual(roots('tid'), ['java-w-9/9', 'my_app-7/7', 'my_app-7/7', 'my_app-7/8']);
});

test('functions of the kernel and such as were made at run time are marked', () => {
  const annotate = { kernel: true, jit: true };
  assert.deepEqual(fold(drawProfile(PICTURE), { annotate }), [
    'java-w;org/a/B:.run 3',
    'my_app;[libz.so] 2',
    'my_app;py::main:app.py_[j];read 5',
    'my_app;py::main:app.py_[j];read;read_[k] 10',
  ]);
});

test('what a process runs that nothing names is called by its perf map', () => {
  const builder = new ProfileBuilder();
  const event = builder.event('cycles', 'count');
  for (const [pid, module] of [
    [7, '[jit]'],
    [9, '[unknown]'],
  ] as const) {
    const row = builder.module(module, module);
    const func = builder.function('[unknown]', row, -1, Layer.Unknown);
    const stack = builder.stack(-1, builder.frame(func, 0x1000, -1, 0));
    const thread = builder.thread(pid, pid, 'm');
    builder.addSample(thread, builder.string('m'), 1, stack, 0, event, 1, Truncation.None);
  }
  const unnamed = builder.finish(EMPTY_META);
  assert.deepEqual(fold(unnamed), ['m;[perf-7.map] 1', 'm;[unknown] 1']);
  const annotate = { kernel: true, jit: true };
  assert.deepEqual(fold(unnamed, { annotate }), ['m;[perf-7.map]_[j] 1', 'm;[unknown] 1']);
});

test('a sample without frames is its thread alone, as with stackcollapse-perf.pl', () => {
  assert.deepEqual(fold(drawProfile('comm:m\n  -')), ['m 1']);
});

test('lines add up to the profile', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const profile = randomProfile(seed);
    for (const event of [0, 1]) {
      let total = 0;
      let samples = 0;
      profile.samples.event.forEach((one, sample) => {
        if (one !== event) return;
        total += profile.samples.weight[sample];
        samples++;
      });
      const sum = (lines: readonly string[]): number =>
        lines.reduce((all, line) => all + Number(line.split(' ').at(-1)), 0);
      assert.equal(sum(fold(profile, { event })), total);
      assert.equal(sum(fold(profile, { event, count: 'samples' })), samples);
    }
  }
});
