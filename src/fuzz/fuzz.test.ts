import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, describe } from 'node:test';

import { StrataError } from '../base/errors.js';
import { mutate } from './mutate.js';
import { parseFuzzOptions } from './options.js';
import { Random } from './random.js';
import { TARGETS } from './targets.js';
import { fuzz, type Fault, type FuzzResult } from './watch.js';

/** The long run is `npm run fuzz`. */
const RUNS = 100;
const folder = mkdtempSync(join(tmpdir(), 'strata-fuzz-'));
after(() => rmSync(folder, { recursive: true }));

describe('damaged files are read or refused', () => {
  for (const { format } of TARGETS) {
    test(format, async () => {
      const targets = new URL('./targets.js', import.meta.url);
      const { runs, refused, faults } = await fuzz({
        ...{ targets, format, folder, runs: RUNS, seed: 1, from: 0 },
      });
      assert.deepEqual(faults, []);
      assert.equal(runs, RUNS);
      assert.ok(refused < RUNS, 'all were refused: the damage is too coarse to test anything');
    });
  }
});

test('sound files are not refused', () => {
  for (const { seeds, run } of TARGETS) {
    assert.ok(seeds().length > 0);
    for (const { bytes } of seeds()) run(bytes);
  }
});

describe('what no reader may do is found', () => {
  const faulty = (format: string, runs: number, limitMs = 5000): Promise<FuzzResult> =>
    fuzz({
      targets: new URL('./faulty-targets.js', import.meta.url),
      ...{ format, folder, runs, seed: 1, from: 0, limitMs, heapLimit: 24 },
    });
  const only = ({ faults }: FuzzResult): Fault => faults[0] ?? assert.fail('nothing was found');

  test('another error, with the input that makes it again', async () => {
    const result = await faulty('throws', 40);
    assert.equal(result.runs, 40);
    const fault = only(result);
    assert.match(fault.text, /^TypeError: not ours\n/);
    assert.equal(fault.kind, 'error');
    const [again] = (
      await fuzz({
        targets: new URL('./faulty-targets.js', import.meta.url),
        ...{ format: 'throws', folder, runs: 1, seed: 1, from: fault.run },
      })
    ).faults;
    assert.deepEqual(again?.run, fault.run);
    assert.ok(readFileSync(fault.path).length > 0);
  });
  test('a hang, after which the other runs are made', async () => {
    const result = await faulty('hangs', 6, 200);
    assert.equal(only(result).kind, 'hang');
    assert.equal(result.runs, 6);
  });
  test('memory out of all proportion', async () => {
    assert.equal(only(await faulty('allocates', 6)).kind, 'memory');
  });
  test('a heap that grows without end', async () => {
    const fault = only(await faulty('exhausts', 6));
    assert.equal(fault.kind, 'crash');
    assert.match(fault.text, /memory/);
  });
});

test('damage is the same for the same numbers, and other for others', () => {
  const seed = { name: 'text', bytes: Buffer.from('0123456789'.repeat(20)), fields: [] };
  const damaged = (run: number): string =>
    Buffer.from(mutate(seed, new Random(7, run))).toString('latin1');
  const all = Array.from({ length: 200 }, (_, run) => damaged(run));
  assert.deepEqual(
    all.map((_, run) => damaged(run)),
    all,
  );
  assert.ok(new Set(all).size > 180);
  assert.equal(seed.bytes.toString(), '0123456789'.repeat(20));
});

test('the command line', () => {
  const formats = ['a', 'b'];
  assert.deepEqual(parseFuzzOptions([], formats), { runs: 10000, formats, seed: 1, from: 0 });
  assert.deepEqual(
    parseFuzzOptions(['--runs', '5', '--format', 'b', '--seed', '9', '--from', '3'], formats),
    { runs: 5, formats: ['b'], seed: 9, from: 3 },
  );
  assert.equal(parseFuzzOptions(['--help'], formats), undefined);
  for (const argv of [['--format', 'c'], ['--runs', '0'], ['--seed', 'x'], ['--nothing'], ['a']]) {
    assert.throws(() => parseFuzzOptions(argv, formats), StrataError);
  }
});
