/** What the `zstd` command writes, and what it says of damaged files. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';

import { skipOrFail } from '../../testing/pythons.js';
import { Random } from '../../fuzz/random.js';
import { decompressZstd, ZstdStream } from './zstd.js';

/** What `zstd` writes of `content`; `undefined` where there is none: the test is skipped. */
function compressed(
  t: TestContext,
  content: Uint8Array,
  args: readonly string[],
): Buffer | undefined {
  const options = { input: content, maxBuffer: 1 << 28 };
  const { error, status, stdout, stderr } = spawnSync('zstd', ['-q', '-c', ...args], options);
  if (error !== undefined) return void skipOrFail(t, 'zstd', 'not installed');
  assert.equal(status, 0, String(stderr));
  return stdout;
}

/** Decodes it at once, and in pieces of any size. */
function check(bytes: Uint8Array, content: Uint8Array, name: string): void {
  const whole = decompressZstd(bytes, content.length);
  assert.ok(Buffer.from(whole).equals(content), name);
  const random = new Random(1, bytes.length);
  const parts: Buffer[] = [];
  const stream = new ZstdStream((part) => parts.push(Buffer.from(part)));
  for (let at = 0; at < bytes.length;) {
    const size = 1 + random.below(random.pick([10, 1000, 100000]));
    stream.push(bytes.subarray(at, at + size));
    at += size;
  }
  stream.end();
  assert.ok(Buffer.concat(parts).equals(content), `${name}, in pieces`);
}

function noise(size: number): Buffer {
  const random = new Random(2, size);
  return Buffer.from(Array.from({ length: size }, () => random.below(256)));
}

/** Of a program: code, tables and text. */
const program = (size: number): Buffer => readFileSync(process.execPath).subarray(0, size);

test('every level', (t) => {
  const content = Buffer.concat([
    ...[program(300_000), Buffer.alloc(50_000, 'ab'), noise(20_000), Buffer.alloc(200_000)],
    program(100_000),
  ]);
  const levels = Array.from({ length: 22 }, (_, i) => ['--ultra', `-${i + 1}`]);
  for (const args of [...levels, ['--fast=1'], ['--fast=20']]) {
    const bytes = compressed(t, content, args);
    if (bytes === undefined) return;
    check(bytes, content, args.join(' '));
  }
});

test('every form of frame', (t) => {
  const contents = {
    ...{ empty: Buffer.alloc(0), byte: Buffer.from('x'), noise: noise(200_000) },
    ...{ zeros: Buffer.alloc(400_000), short: Buffer.from('abcabcabcabc'), code: program(300_000) },
    ...{ periods: Buffer.concat([1, 2, 3, 4, 5, 7].map((n) => Buffer.alloc(9001, noise(n)))) },
  };
  for (const [name, content] of Object.entries(contents)) {
    const size = `--stream-size=${content.length}`;
    for (const args of [['--no-check'], [size], [size, '--no-check'], ['-19', size]]) {
      // Of a size of 0 `zstd` takes that it is not known.
      const bytes = compressed(t, content, args);
      if (bytes === undefined) return;
      check(bytes, content, `${name} ${args.join(' ')}`);
    }
  }
});

test('windows that slide, and matches from megabytes back', (t) => {
  const start = noise(1_500_000);
  const content = Buffer.concat([start, program(3_000_000), start, program(2_000_000)]);
  for (const args of [['-1'], ['-1', '--long=22'], ['-2', '--long=27'], ['-1', '--zstd=wlog=12']]) {
    const bytes = compressed(t, content, args);
    if (bytes === undefined) return;
    check(bytes, content, args.join(' '));
  }
});
