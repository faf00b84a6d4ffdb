import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ExitCode, StrataError } from '../base/errors.js';
import { RECORD_OPTIONS } from '../testing/record-options.js';
import { checkOptions } from './options-check.js';
import type { RecordOptions } from './options.js';

test('what goes together is let through', () => {
  for (const options of [
    {},
    { target: { kind: 'system' }, command: [] },
    { delaySeconds: -1, control: { kind: 'signal' } },
    { control: { kind: 'own' }, overwrite: true },
    { offCpu: true, switchOutput: { on: 'signal' } },
    { target: { kind: 'user', user: 'me' }, command: [], python: 'attach' },
  ] as Partial<RecordOptions>[]) {
    checkOptions({ ...RECORD_OPTIONS, ...options });
  }
});

test('what does not is refused in a sentence', () => {
  const refused: [Partial<RecordOptions>, RegExp][] = [
    [{ command: [] }, /needs a command/],
    [{ frequency: 99, period: 1 }, /exclude each other/],
    [{ delaySeconds: -1 }, /leaves sampling off/],
    [{ control: { kind: 'signal' }, overwrite: true }, /SIGUSR2 cannot both/],
    [{ control: { kind: 'signal' }, switchOutput: { on: 'signal' } }, /SIGUSR2 cannot both/],
    [{ target: { kind: 'system' }, command: [], control: { kind: 'own' } }, /needs a command/],
    [{ offCpu: true, overwrite: true }, /needs every context switch/],
    [{ python: 'attach' }, /needs processes to attach to/],
  ];
  for (const [options, message] of refused) {
    assert.throws(
      () => checkOptions({ ...RECORD_OPTIONS, ...options }),
      (error: unknown) => {
        assert.ok(error instanceof StrataError);
        assert.match(error.message, message);
        assert.equal(error.exitCode, ExitCode.Usage);
        return true;
      },
    );
  }
});
