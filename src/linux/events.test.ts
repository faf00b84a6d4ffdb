import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ExitCode, StrataError } from '../base/errors.js';
import { EVENT_NAMES, parseEvent, userOnly } from './events.js';

const HARDWARE = 0;
const SOFTWARE = 1;
const RAW = 4;

test('a name of perf list is its type and number', () => {
  const { name, clock, attr } = parseEvent('page-faults');
  assert.equal(name, 'page-faults');
  assert.equal(clock, false);
  assert.deepEqual([attr.type, attr.config, attr.precise_ip], [SOFTWARE, 2n, 0]);
  assert.deepEqual(attr.flags, {
    exclude_user: false,
    exclude_kernel: false,
    exclude_hv: false,
    exclude_host: false,
    exclude_guest: true,
  });
  assert.deepEqual(
    [parseEvent('cycles').attr.type, parseEvent('cycles').attr.config],
    [HARDWARE, 0n],
  );
});

test('aliases are the same event', () => {
  for (const [alias, name] of [
    ['cpu-cycles', 'cycles'],
    ['branch-instructions', 'branches'],
    ['faults', 'page-faults'],
    ['cs', 'context-switches'],
    ['migrations', 'cpu-migrations'],
  ]) {
    assert.deepEqual(parseEvent(alias).attr, parseEvent(name).attr, alias);
  }
});

test('clocks count nanoseconds', () => {
  const clocks = EVENT_NAMES.filter((name) => parseEvent(name).clock);
  assert.deepEqual(clocks, ['cpu-clock', 'task-clock']);
});

test('modifiers choose levels, machines and precision', () => {
  const flags = (text: string): unknown => parseEvent(text).attr.flags;
  const levels = { exclude_user: true, exclude_kernel: true, exclude_hv: true };
  const host = { exclude_host: false, exclude_guest: true };
  assert.deepEqual(flags('cycles:u'), { ...levels, exclude_user: false, ...host });
  assert.deepEqual(flags('cycles:k'), { ...levels, exclude_kernel: false, ...host });
  assert.deepEqual(flags('cycles:uk'), {
    ...levels,
    exclude_user: false,
    exclude_kernel: false,
    ...host,
  });
  assert.deepEqual(flags('cycles:G'), {
    exclude_user: false,
    exclude_kernel: false,
    exclude_hv: false,
    exclude_host: true,
    exclude_guest: false,
  });
  assert.equal(parseEvent('cycles:ppp').attr.precise_ip, 3);
  assert.equal(parseEvent('cycles:up').attr.precise_ip, 1);
});

test('raw events are up to 64 bits of hexadecimal', () => {
  assert.deepEqual([parseEvent('r1A8').attr.type, parseEvent('r1A8').attr.config], [RAW, 0x1a8n]);
  assert.equal(parseEvent('rffffffffffffffff').attr.config, 0xffff_ffff_ffff_ffffn);
  assert.equal(parseEvent('r0:k').attr.flags.exclude_user, true);
});

test('what is no event is refused, with the names that are', () => {
  for (const text of [
    '',
    'nonsense',
    'toString',
    '__proto__',
    'r',
    'rxyz',
    'r12345678901234567',
    ':u',
  ]) {
    assert.throws(
      () => parseEvent(text),
      (error) => {
        assert.ok(error instanceof StrataError, text);
        assert.equal(error.exitCode, ExitCode.Usage);
        assert.match(error.message, /^unknown event/);
        assert.match(error.hint ?? '', /cpu-clock/);
        return true;
      },
    );
  }
});

test('what is no modifier is refused', () => {
  for (const text of ['cycles:', 'cycles:x', 'cycles:u:k', 'cycles:pppp', 'cycles: u']) {
    assert.throws(() => parseEvent(text), StrataError, text);
  }
});

test('user space alone is :u, whatever was there', () => {
  for (const [text, name] of [
    ['cpu-clock', 'cpu-clock:u'],
    ['cycles:k', 'cycles:u'],
    ['cycles:pp', 'cycles:ppu'],
    ['cycles:kpp', 'cycles:ppu'],
    ['task-clock', 'task-clock:u'],
    ['task-clock:k', 'task-clock:u'],
  ]) {
    const user = userOnly(parseEvent(text));
    assert.equal(user.name, name);
    assert.deepEqual(user.attr, parseEvent(name).attr, text);
  }
});
