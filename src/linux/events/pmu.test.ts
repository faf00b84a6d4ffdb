/** PMUs as sysfs describes them, of machines that are made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ExitCode, StrataError } from '../../base/errors.js';
import { HYBRID, INTEL, madeUpMachine } from '../../testing/event-sources.js';
import { parseEvent, parseEvents } from './parse.js';
import { globPattern } from './pmu.js';

test('terms go to their bits, lowest first', (t) => {
  const machine = madeUpMachine(t, INTEL);
  const words = (text: string): unknown[] => {
    const { type, config, config1, config3 } = parseEvent(text, machine).attr;
    assert.equal(type, 4);
    return [config, config1, config3];
  };
  assert.deepEqual(words('cpu/event=0x3c/'), [0x3cn, undefined, undefined]);
  assert.deepEqual(words('cpu/event=60,umask=0xff01,inv,cmask=2/u'), [
    0xff00_0280_013cn,
    undefined,
    undefined,
  ]);
  // Bits 0, 1 to 5 and 6 of the value: places 1, 6 to 10, 44.
  assert.deepEqual(words('cpu/scattered=0x7f/'), [0n, 0x1000_0000_07c2n, undefined]);
  assert.deepEqual(words('cpu/scattered=0x41/'), [0n, 0x1000_0000_0002n, undefined]);
  assert.deepEqual(words('cpu/newest=0xffffffffffffffff/'), [
    0n,
    undefined,
    0xffff_ffff_ffff_ffffn,
  ]);
  assert.deepEqual(words('cpu/config=0x1f0,config1=7/'), [0x1f0n, 7n, undefined]);
  assert.deepEqual(words('cpu/r1a8/'), [0x1a8n, undefined, undefined]);
  assert.deepEqual(words('cpu//'), [0n, undefined, undefined]);
});

test('a named event stands for its terms, and for its unit', (t) => {
  const machine = madeUpMachine(t, INTEL);
  const read = (text: string) => parseEvent(text, machine);
  for (const text of ['cpu/mem-loads/', 'mem-loads', 'cpu/event=mem-loads/', 'mem-loads:u']) {
    assert.deepEqual([read(text).attr.config, read(text).attr.config1], [0x1cdn, 3n], text);
  }
  // perf's other name for it; and perf puts bits together.
  assert.equal(read('cpu/cycles/').attr.config, 0x3cn);
  assert.equal(read('cpu/mem-loads,ldlat=30/').attr.config1, 31n);
  assert.equal(read('cpu/needs-core,umask=2/').attr.config, 0x201n);
  // A named hardware event comes first.
  assert.deepEqual([read('cpu-cycles').kind, read('cpu-cycles').attr.config], ['hardware', 0n]);
  assert.equal(read('cpu/mem-loads,name=loads,period=9/P').name, 'loads');
});

test('a unit of the chip is counted on its CPUs, for all, and as often as there are of it', (t) => {
  const machine = madeUpMachine(t, INTEL);
  for (const text of [
    'uncore_imc/cas_count_read/',
    'imc/event=4/',
    'cas_count_read',
    'uncore_imc_[01]/event=4/',
  ]) {
    const events = parseEvents(text, machine).flatMap((group) => group.events);
    assert.deepEqual(
      events.map(({ attr, cpus }) => [attr.type, attr.config, cpus, attr.flags]),
      [
        [12, 4n, [0, 28], {}],
        [13, 4n, [0, 28], {}],
      ],
      text,
    );
  }
  const [{ events }] = parseEvents('uncore_imc_1/cas_count_read/', machine);
  assert.deepEqual([events[0].unit, events[0].scale], ['MiB', 6.103515625e-5]);
});

test('each kind of cores counts by itself', (t) => {
  const machine = madeUpMachine(t, HYBRID);
  const read = (text: string): unknown[] =>
    parseEvents(text, machine).flatMap(({ events }) =>
      events.map(({ name, attr, coreCpus }) => [name, attr.type, attr.config, coreCpus?.[0]]),
    );
  assert.deepEqual(read('cycles'), [
    ['cpu_atom/cycles/', 0, 0x8_0000_0000n, 8],
    ['cpu_core/cycles/', 0, 0x4_0000_0000n, 0],
  ]);
  assert.deepEqual(read('LLC-load-misses:u'), [
    ['cpu_atom/LLC-load-misses/u', 3, 0x8_0001_0002n, 8],
    ['cpu_core/LLC-load-misses/u', 3, 0x4_0001_0002n, 0],
  ]);
  assert.deepEqual(read('cpu/event=0x3c/'), [
    ['cpu/event=0x3c/', 8, 0x3cn, 8],
    ['cpu/event=0x3c/', 4, 0x3cn, 0],
  ]);
  assert.deepEqual(read('cpu_core/event=0x3c/,cpu_atom/LLC-loads/k'), [
    ['cpu_core/event=0x3c/', 4, 0x3cn, 0],
    ['cpu_atom/LLC-loads/k', 3, 0x8_0000_0002n, 8],
  ]);
  assert.deepEqual(read('faults'), [['faults', 1, 2n, undefined]]);
  // What a hybrid event is called can be asked for again.
  assert.deepEqual(read('cpu_atom/cycles/')[0], ['cpu_atom/cycles/', 8, 0x3cn, 8]);
});

test('what a PMU does not take is refused, with what it does', (t) => {
  const machine = madeUpMachine(t, INTEL);
  for (const [text, message, hint] of [
    ['cpu/event=0x100/', /event=0x100 .* no number from 0 to 255/, /config:0-7/],
    ['cpu/edge=2/', /from 0 to 1$/, /config:18/],
    ['cpu/event=zz/', /no number/, /./],
    ['cpu/evnt=1/', /the PMU cpu has no term 'evnt'/, /did you mean 'event'\?/],
    ['cpu/mem-laods/', /no event or term 'mem-laods'/, /did you mean 'mem-loads'\?/],
    ['cpu/strange=1/', /no term 'strange'/, /./],
    ['cpu/needs-core/', /needs a value for 'umask'/, /./],
    ['cpi/event=1/', /no PMU 'cpi'/, /did you mean 'cpu'\?/],
    ['cpu', /is a PMU/, /cpu\/event=/],
    ['../cpu/event=1/', /a '\/' has no other/, /./],
    ['../event=1/', /no PMU '..'/, /./],
    ['cpu/..=1/', /no term/, /./],
    ['cpu/../', /no event or term/, /./],
  ] as const) {
    assert.throws(
      () => parseEvents(text, machine),
      (error) => {
        assert.ok(error instanceof StrataError, `${text}: ${String(error)}`);
        assert.equal(error.exitCode, ExitCode.Usage);
        assert.match(error.message, message, text);
        assert.match(error.hint ?? '.', hint, text);
        return true;
      },
    );
  }
});

test('shell patterns', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['sched_*', 'sched_switch', true],
    ['sched_*', 'my_sched_switch', false],
    ['*', '', true],
    ['s?', 'sa', true],
    ['s?', 's', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['a.b', 'axb', false],
    ['a[', 'a[', true],
    ['a(b', 'a(b', true],
  ];
  for (const [glob, name, fits] of cases) {
    assert.equal(globPattern(glob).test(name), fits, `${glob} ${name}`);
  }
});
