/** What events' texts mean; `perf-parity.test.ts` has what perf can be asked about here. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { ExitCode, StrataError } from '../../base/errors.js';
import { INTEL, madeUpFolder, madeUpMachine } from '../../testing/event-sources.js';
import { CACHE_EVENTS, EVENT_NAMES } from './names.js';
import * as parser from './parse.js';
import { Tracefs } from './tracepoints.js';

const MACHINE = madeUpMachine({ after }, INTEL, {
  'sched:sched_switch': 10,
  'sched:sched_process_exec': 11,
  'sched:sched_process_exit': 12,
  'sched:sched_process_fork': 13,
});
const { countsInUser, userOnly } = parser;
const parseEvents = (text: string) => parser.parseEvents(text, MACHINE);
const parseEvent = (text: string) => parser.parseEvent(text, MACHINE);

test('an event is its kind, number and name', () => {
  const { name, kind, clock, attr, sampling } = parseEvent('page-faults:u');
  assert.deepEqual(
    { name, kind, clock, sampling },
    {
      name: 'page-faults:u',
      kind: 'software',
      clock: false,
      sampling: {},
    },
  );
  assert.deepEqual([attr.type, attr.config, attr.flags.exclude_kernel], [1, 2n, true]);
  assert.deepEqual(
    EVENT_NAMES.filter((one) => parseEvent(one).clock),
    ['cpu-clock', 'task-clock'],
  );
});

test('kinds are told apart', () => {
  const kind = (text: string): string => parseEvent(text).kind;
  assert.deepEqual(
    ['cycles', 'faults', 'LLC-loads', 'r1a8', '1:2', 'mem:0x10:x', 'sched:sched_switch'].map(kind),
    ['hardware', 'software', 'cache', 'raw', 'software', 'breakpoint', 'tracepoint'],
  );
});

test('terms say how one event is sampled', () => {
  const sampling = (text: string): unknown => parseEvent(text).sampling;
  assert.deepEqual(sampling('cpu-clock/freq=99/'), { frequency: 99 });
  assert.deepEqual(sampling('cs/period=1000,call-graph=fp/u'), {
    period: 1000,
    callGraph: { kind: 'fp' },
  });
  assert.deepEqual(sampling('cs/call-graph=dwarf,stack-size=1001/'), {
    callGraph: { kind: 'dwarf', size: 1008 },
  });
  assert.deepEqual(sampling('cs/call-graph=no,max-stack=3,time=1,no-inherit/'), {
    callGraph: { kind: 'none' },
    maxStack: 3,
    inherit: false,
  });
  // Of what happens seldom and tells something each time, each one is a sample.
  assert.deepEqual(sampling('sched:sched_switch'), { defaultPeriod: 1 });
  assert.deepEqual(sampling('sched:sched_switch/period=5/'), { defaultPeriod: 1, period: 5 });
  assert.deepEqual(sampling('mem:0x1000:w'), { defaultPeriod: 1 });
});

test('an event is called as it was written, or as the term name= says', () => {
  const names = (text: string): string[] =>
    parseEvents(text).flatMap(({ events }) => events.map(({ name }) => name));
  assert.deepEqual(names('cycles:u, cs/period=3/k ,r1a8'), ['cycles:u', 'cs/period=3/k', 'r1a8']);
  assert.deepEqual(names("cs/name='CTX,sw:x=1',period=3/"), ['CTX,sw:x=1']);
  assert.deepEqual(
    names('sched:sched_process_[ef]x*:k'),
    ['sched:sched_process_exec', 'sched:sched_process_exit'].filter(
      (name) => name.endsWith('exec') || name.endsWith('exit'),
    ),
  );
});

test('groups hold together, single events do not', () => {
  const groups = parseEvents('{cs:u,faults}:S,cycles,{dummy:S},x{task-clock,cpu-clock}:W');
  assert.deepEqual(
    groups.map(({ events, sampleRead, weak }) => [events.map((e) => e.name), sampleRead, weak]),
    [
      [['cs:u', 'faults'], true, false],
      [['cycles'], false, false],
      [['dummy:S'], true, false],
      [['task-clock', 'cpu-clock'], false, true],
    ],
  );
  assert.equal(
    parseEvents('sched:sched_process_*').every(({ events }) => events.length === 1),
    true,
  );
  assert.equal(parseEvents('{sched:*}')[0].events.length, 4);
  const [{ events }] = parseEvents('{cs,faults}:D');
  assert.deepEqual(
    events.map(({ attr }) => attr.flags.pinned),
    [true, undefined],
  );
});

test('P asks for the most that the machine can', () => {
  const { attr, highestPrecision } = parseEvent('cycles:P');
  assert.deepEqual([attr.precise_ip, highestPrecision], [3, true]);
  assert.equal(parseEvent('cycles:pp').highestPrecision, undefined);
});

test('every cache event has a name that is read back', () => {
  assert.equal(CACHE_EVENTS.length, 32);
  for (const event of CACHE_EVENTS) {
    const { attr } = parseEvent(event.name);
    assert.deepEqual([attr.type, attr.config], [event.type, event.config], event.name);
  }
});

test('patterns choose tracepoints of any system', () => {
  const ids = (text: string): unknown[] =>
    parseEvents(text).flatMap(({ events }) => events.map(({ attr }) => attr.config));
  assert.deepEqual(ids('sched:sched_process_*'), [11n, 12n, 13n]);
  assert.deepEqual(ids('*:sched_switch'), [10n]);
  assert.deepEqual(ids('*:*'), [11n, 12n, 13n, 10n]);
  assert.deepEqual(parseEvent('sched:sched_switch/name=s/').tracepoint, {
    system: 'sched',
    event: 'sched_switch',
  });
});

test('where tracefs is not mounted, or not readable, that is said', (t) => {
  const failure = (mount: string): StrataError => {
    const sources = { ...MACHINE, tracefs: new Tracefs([mount]) };
    try {
      parser.parseEvents('sched:sched_switch', sources);
    } catch (error) {
      assert.ok(error instanceof StrataError);
      return error;
    }
    return assert.fail();
  };
  const missing = failure('/nowhere/tracing');
  assert.match(missing.message, /not mounted/);
  assert.match(missing.hint ?? '', /^sudo mount -t tracefs/);
  assert.equal(missing.exitCode, ExitCode.Failed);

  const mount = madeUpFolder(t, { 'events/sched/sched_switch/id': '10' });
  chmodSync(mount, 0o755);
  for (const closed of ['events/sched/sched_switch/id', 'events']) {
    chmodSync(join(mount, closed), 0);
    const forbidden = asNobody(() => failure(mount));
    assert.match(forbidden.message, /'sched:sched_switch': this user may not read/, closed);
    assert.match(forbidden.hint ?? '', /^sudo mount -o remount,mode=750,gid=/);
  }
});

/** Root reads what is closed to all others. */
function asNobody<T>(act: () => T): T {
  if (process.geteuid?.() !== 0) return act();
  process.seteuid!(65534);
  try {
    return act();
  } finally {
    process.seteuid!(0);
  }
}

test('user space alone is :u, whatever was there', () => {
  for (const [text, name] of [
    ['cpu-clock', 'cpu-clock:u'],
    ['cycles:k', 'cycles:u'],
    ['cycles:kpp', 'cycles:ppu'],
    ['cycles/period=3/k', 'cycles/period=3/u'],
    ['mem:0x1000:x', 'mem:0x1000:x:u'],
    ['1:2', '1:2:u'],
  ]) {
    const user = userOnly(parseEvent(text));
    assert.equal(user.name, name);
    assert.deepEqual(user.attr, parseEvent(name).attr, text);
  }
  const counted = ['cycles', 'faults', 'cs', 'migrations', 'sched:sched_switch'].filter((text) =>
    countsInUser(parseEvent(text)),
  );
  assert.deepEqual(counted, ['cycles', 'faults']);
});

test('what is wrong is said, with what may have been meant', () => {
  for (const [text, message, hint] of [
    ['', /an event is missing/, /separated by commas/],
    ['cycles,', /an event is missing/, /./],
    ['a,,b', /expected at ',b'/, /./],
    ['{cycles', /'\{' has no '\}'/, /./],
    ['cycles}', /a comma was expected at '\}'/, /./],
    ['{}', /an event was expected/, /./],
    ['cycles/period=3', /a '\/' has no other/, /./],
    ['cycels', /unknown event 'cycels'/, /did you mean 'cycles'\?/],
    ['L1-dcache-laod', /unknown event/, /'L1-dcache-loads?'/],
    ['toString', /unknown event/, /strata list/],
    ['__proto__', /unknown event/, /strata list/],
    ['sched_switch', /unknown event/, /tracepoint 'sched:sched_switch'/],
    ['inst_retired.any', /unknown event/, /perf’s tables/],
    ['cpu', /is a PMU/, /cpu\/event=/],
    ['r12345678901234567', /unknown event/, /./],
    ['cycles:', /no modifier after its colon/, /u, k, h/],
    ['cycles:x', /unknown modifiers 'x'/, /./],
    ['cycles:uu', /repeats a modifier/, /./],
    ['cycles:pppp', /more than ppp/, /./],
    ['{cycles:pp}:pp', /more than ppp/, /./],
    ['{cs,faults:D}', /does not lead its group/, /./],
    ['cycles:u/period=3/', /after the slashes/, /./],
    ['cycles/event=3/', /unknown term 'event'/, /period/],
    ['cycles/period=0/', /no number from 1 to/, /./],
    ['cycles/period=3,freq=3/', /both period= and freq=/, /./],
    ['cycles/call-graph=x/', /no way of finding stacks/, /dwarf/],
    ['cycles/call-graph=fp,stack-size=8/', /stack-size=/, /./],
    ['cycles/time=0/', /in order by their time/, /./],
    ['cycles/percore/', /perf's, and not known/, /./],
    ['cycles/config1=0x10000000000000000/', /no number from 0/, /./],
    ['cycles/,/', /empty term/, /./],
    ['mem:xyz', /no breakpoint/, /mem:ADDRESS/],
    ['mem:0x10:rr', /repeats an access/, /./],
    ['mem:0x10/z', /no number/, /./],
    ['sched:sched_swich', /unknown tracepoint/, /did you mean 'sched_switch'\?/],
    ['shced:sched_switch', /no tracepoints of 'shced'/, /'sched'/],
    ['sched:nothing_*', /no tracepoint matches/, /./],
    ['sched:sched_switch/event=3/', /unknown term/, /./],
    ['..:id', /no tracepoints of '..'/, /./],
    ['sched:..', /unknown tracepoint/, /./],
    ['no_such_pmu/event=1/', /no PMU 'no_such_pmu'/, /its PMUs are/],
  ] as const) {
    assert.throws(
      () => parseEvents(text),
      (error) => {
        assert.ok(error instanceof StrataError, `${text}: ${String(error)}`);
        assert.equal(error.exitCode, ExitCode.Usage, text);
        assert.match(error.message, message, text);
        assert.match(error.hint ?? '.', hint, text);
        return true;
      },
    );
  }
});
