/** What the kernel's refusals are called: real ones where this machine has them, the others made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encodeAttr, type EventAttr } from '../../formats/perfdata/attr.js';
import { PerfSample } from '../../formats/perfdata/spec.js';
import { HYBRID, INTEL, madeUpMachine } from '../../testing/event-sources.js';
import { skipOrFail } from '../../testing/pythons.js';
import { closeEvent, openEvent, SystemCallError } from '../perf-event.js';
import { parseEvent, parseEvents } from './parse.js';
import { circumstances, unsupportedEvent, whyUnsupported, type Circumstances } from './refusal.js';
import type { EventSpec } from './spec.js';
import { openToCount } from './try.js';

const HERE: Circumstances = { hardware: true, virtual: false, privileged: false };

/** The kernel's error for an event on this process; `undefined` where it opens. */
function refusal(spec: EventSpec, more: Partial<EventAttr> = {}): string | undefined {
  try {
    closeEvent(openEvent(encodeAttr({ ...spec.attr, ...more }), 0, -1));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof SystemCallError);
    return error.code;
  }
}

test('hardware events without hardware counters', (t) => {
  const reason = (spec: string, here: Circumstances): string =>
    whyUnsupported(parseEvent(spec), 'ENOENT', {}, here).reason;
  const virtual = { ...HERE, hardware: false, virtual: true };
  assert.equal(reason('cycles', virtual), 'this virtual machine has no hardware counters');
  assert.equal(
    reason('r1a8', { ...virtual, virtual: false }),
    'the kernel knows no hardware counters of this processor',
  );
  assert.equal(reason('LLC-loads', HERE), 'the processor does not have it');
  assert.equal(circumstances(madeUpMachine(t, INTEL).pmus).hardware, true);
  assert.equal(circumstances(madeUpMachine(t, { 'msr/type': '10' }).pmus).hardware, false);
  const error = unsupportedEvent(parseEvent('cs'), 'ENOENT');
  assert.equal(error.message, "this machine cannot count 'cs': this kernel does not count it");
});

test('no branches, no precision of what software counts', (t) => {
  const clock = parseEvent('cpu-clock');
  const branches = {
    sample_period: 100_000,
    sample_type: PerfSample.IP | PerfSample.BRANCH_STACK,
    branch_sample_type: 8n,
  };
  const code = refusal(clock, branches);
  if (code === 'EACCES' || code === 'EPERM') {
    skipOrFail(t, 'perf events', 'not allowed to sample');
    return;
  }
  assert.equal(code, 'EOPNOTSUPP');
  assert.match(whyUnsupported(clock, code, branches, HERE).what ?? '', /record branches/);
  const precise = { ...clock.attr, precise_ip: 3, sample_period: 1 };
  assert.match(whyUnsupported(clock, 'EOPNOTSUPP', precise, HERE).reason, /as precisely/);
  const sampled = { sample_period: 1 };
  assert.match(
    whyUnsupported(clock, 'EOPNOTSUPP', sampled, HERE).reason,
    /counted but not sampled/,
  );
});

test('breakpoints: of no such length, and more than there are registers', (t) => {
  const odd = parseEvent('mem:0x1001/3:w');
  assert.equal(refusal(odd), 'EINVAL');
  assert.match(whyUnsupported(odd, 'EINVAL', odd.attr, HERE).hint ?? '', /1, 2, 4 or 8/);
  const open: number[] = [];
  t.after(() => open.forEach(closeEvent));
  let code: string | undefined;
  const breakpoint = parseEvent('mem:0x1000:w');
  for (let i = 0; i < 17 && code === undefined; i++) {
    try {
      open.push(openToCount(breakpoint));
    } catch (error) {
      code = (error as SystemCallError).code;
    }
  }
  assert.equal(code, 'ENOSPC');
  assert.match(whyUnsupported(breakpoint, 'ENOSPC', {}, HERE).reason, /debug registers are in use/);
});

test('units of the chip', (t) => {
  const machine = madeUpMachine(t, INTEL);
  const why = (text: string, asked: Partial<EventAttr> = {}): string => {
    const [spec] = parseEvents(text, machine)[0].events;
    return whyUnsupported(spec, 'EINVAL', { ...spec.attr, ...asked }, HERE).reason;
  };
  assert.match(why('imc/event=4/u'), /cannot leave user or kernel out/);
  assert.match(why('imc/event=4/', { sample_period: 1 }), /counted but not sampled/);
  assert.match(why('imc/event=4/'), /for the whole system/);
  const [core] = parseEvents('cpu_core/cycles/', madeUpMachine(t, HYBRID))[0].events;
  assert.equal(whyUnsupported(core, 'ENODEV', {}, HERE).hint, '-C 0-7 has them');
});

test('rights', () => {
  const tracepoint: EventSpec = { ...parseEvent('2:1'), name: 'sched:sched_switch' };
  const raw = { sample_type: PerfSample.RAW };
  assert.match(whyUnsupported(tracepoint, 'EACCES', raw, HERE).reason, /CAP_PERFMON may record/);
  assert.match(whyUnsupported(tracepoint, 'EACCES', {}, HERE).hint ?? '', /perf_event_paranoid=-1/);
  const privileged = { ...HERE, privileged: true };
  assert.match(whyUnsupported(tracepoint, 'EPERM', raw, privileged).reason, /security module/);
});

test('every other error has its name', () => {
  const spec = parseEvent('cpu-clock');
  for (const code of ['EBUSY', 'ENOSPC', 'E2BIG', 'ENODATA', 'ENOSYS', 'EMFILE', 'EINVAL']) {
    assert.doesNotMatch(whyUnsupported(spec, code, {}, HERE).reason, /the kernel says/);
  }
  assert.equal(whyUnsupported(spec, 'EFAULT', {}, HERE).reason, 'the kernel says EFAULT');
});
