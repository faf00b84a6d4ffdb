import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemorySource } from '../base/source.js';
import type { Profile } from '../profile/profile.js';
import {
  hardwareRecording,
  type HardwareForm,
  type HardwareSample,
} from '../testing/hardware-recording.js';
import { profileOf } from './load.js';

const BRANCH = { from: 0x1000, to: 0x2000 };

function load(samples: readonly HardwareSample[], form: HardwareForm, hardware = true): Profile {
  return profileOf(new MemorySource(hardwareRecording([], samples, form)), { hardware });
}

test('each distinct branch is stored once', () => {
  const samples = Array.from({ length: 100 }, (_, i) => ({
    ip: 0x1000,
    branches: [BRANCH, { ...BRANCH, cycles: 2 + (i % 2) }, BRANCH],
  }));
  const { branches, samples: columns } = load(samples, { branches: 'indexed' });
  assert.ok(branches);
  assert.deepEqual([...branches.flags], [0, 2 << 4, 3 << 4]);
  assert.deepEqual([...branches.taken.subarray(0, 6)], [0, 1, 0, 0, 2, 0]);
  assert.deepEqual([branches.taken.length, branches.first.length], [300, 101]);
  assert.deepEqual(
    columns.branches,
    Int32Array.from({ length: 100 }, (_, i) => i),
  );
});

test('bits of big-endian machines are the same', () => {
  const branches = [
    { ...BRANCH, mispredicted: true, cycles: 0x8001 },
    { ...BRANCH, mispredicted: false },
  ];
  for (const littleEndian of [true, false]) {
    const form = { branches: 'plain', weight: 'parts', littleEndian } as const;
    const profile = load([{ ip: 0x1000, branches, weight: 7 }], form);
    assert.deepEqual([...(profile.branches?.flags ?? [])], [0x80011, 2], String(littleEndian));
    assert.deepEqual([...(profile.samples.hardwareWeight ?? [])], [7], String(littleEndian));
  }
});

test('a record with fewer branches than it says is damaged, and alone', () => {
  const claims = [2, 0xffff, 0x7fffffff, 2 ** 32, 2 ** 52];
  for (const branches of ['plain', 'indexed'] as const) {
    const samples = [
      { ip: 0x1000, branches: [BRANCH] },
      ...claims.map((claimed) => ({ ip: 0x1000, branches: [BRANCH], claimed })),
      { ip: 0x1000, branches: [] },
      { ip: 0x1000, branches: [{ from: 0, to: -1 }] },
    ];
    const profile = load(samples, { branches });
    assert.deepEqual([...(profile.samples.branches ?? [])], [0, 1, 2]);
    assert.deepEqual([...(profile.branches?.first ?? [])], [0, 1, 1, 2]);
    const notes = profile.notes.map(({ text }) => text).join();
    assert.match(notes, /5 damaged records could not be read/);
  }
});

test('nothing is kept of what was not asked for, not recorded, or is a call graph', () => {
  const samples = [{ ip: 0x1000, branches: [BRANCH], weight: 3 }];
  const whole = { branches: 'plain', weight: 'whole' } as const;
  for (const profile of [load(samples, whole, false), load(samples, {})]) {
    assert.equal(profile.branches, undefined);
    assert.ok(!('branches' in profile.samples) && !('hardwareWeight' in profile.samples));
  }
  assert.equal(load(samples, { branches: 'calls' }).branches?.taken.length, 0);
});
