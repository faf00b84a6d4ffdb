import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';

import { StrataError } from '../../base/errors.js';
import { encodeAttr } from '../../formats/perfdata/attr.js';
import { parseEvents } from '../../linux/events/parse.js';
import type { EventSpec } from '../../linux/events/spec.js';
import { OpenError, SystemCallError } from '../../linux/perf-event.js';
import { explainRefusal, mayFallBackToUser, type SamplingRights } from './permission.js';

const USER: SamplingRights = {
  paranoid: 3,
  capable: false,
  inUserNamespace: false,
  hasSeccompFilter: false,
  isRoot: false,
};
const ROOT: SamplingRights = { ...USER, capable: true, isRoot: true };

function event(text: string): EventSpec {
  return parseEvents(text)[0].events[0];
}

function explained(error: SystemCallError, rights = USER): StrataError {
  const told = explainRefusal(error, 'cycles', rights);
  assert.ok(told instanceof StrataError);
  return told;
}

/** What `perf_event_open` says to an event. */
function refused(text: string, code = 'EACCES', pid = 0): SystemCallError {
  return new OpenError(code, encodeAttr(event(text).attr), pid);
}

test('the setting that forbids sampling is named with its value, and what mends it', () => {
  const cases: [text: string, pid: number, paranoid: number, what: RegExp, allows: number][] = [
    ['cpu-clock:u', 0, 3, /^sampling is forbidden/, 1],
    ['cpu-clock', 0, 2, /^'cycles' in the kernel is forbidden/, 1],
    ['cpu-clock', -1, 2, /^measuring whole CPUs is forbidden/, 0],
    ['cpu-clock:u', -1, 1, /^measuring whole CPUs is forbidden/, 0],
  ];
  for (const [text, pid, paranoid, what, allows] of cases) {
    const { message, hint } = explained(refused(text, 'EACCES', pid), { ...USER, paranoid });
    assert.match(message, what);
    assert.match(message, new RegExp(`perf_event_paranoid is ${paranoid} .*no CAP_PERFMON`));
    assert.match(hint ?? '', new RegExp(`^sudo sysctl kernel\\.perf_event_paranoid=${allows} `));
  }
  const unknown = explained(refused('cpu-clock:u'), { ...USER, paranoid: undefined });
  assert.match(unknown.message, /perf_event_paranoid is unreadable/);
});

test('tracepoints need the lowest setting, and the kernel says EPERM of them', () => {
  const attr = encodeAttr({ type: 2, config: 1n });
  const filtered = { ...USER, hasSeccompFilter: true, paranoid: 1 };
  const { message, hint } = explained(new OpenError('EPERM', attr, 0), filtered);
  assert.match(message, /^tracing \(cycles\) is forbidden/);
  assert.match(hint ?? '', /paranoid=-1/);
});

test('who has the capability and is refused all the same is in a sandbox', () => {
  const { message, hint } = explained(refused('cpu-clock', 'EPERM'), ROOT);
  assert.match(message, /in spite of CAP_PERFMON.*seccomp/);
  assert.match(hint ?? '', /--security-opt/);
  assert.match(explained(refused('cpu-clock', 'ENOSYS')).message, /no perf events/);
  const allowed = { ...USER, paranoid: 1 };
  assert.match(explained(refused('cpu-clock'), allowed).message, /in spite of .*paranoid 1/);
});

test('root of a container is told what its container lacks', () => {
  const powerless = { ...ROOT, capable: false };
  const { message, hint } = explained(refused('cpu-clock', 'EACCES', -1), powerless);
  assert.match(message, /this root has no CAP_PERFMON/);
  assert.match(
    hint ?? '',
    /^start the container with --cap-add PERFMON; or on the host: sudo sysctl/,
  );

  const filtered = { ...powerless, hasSeccompFilter: true };
  assert.match(explained(refused('cpu-clock', 'EPERM'), filtered).message, /seccomp filter/);

  const mapped = { ...ROOT, inUserNamespace: true };
  assert.match(
    explained(refused('cpu-clock', 'EACCES'), mapped).message,
    /CAP_PERFMON of a user namespace does not count outside/,
  );
});

test('a task that may be traced is not the reason, and one that has ended neither', (t) => {
  const child = spawn('sleep', ['60']);
  t.after(() => child.kill('SIGKILL'));
  for (const pid of [child.pid ?? 0, 0x7fff_fff0]) {
    assert.match(
      explained(refused('cpu-clock:u', 'EACCES', pid)).message,
      /^sampling is forbidden/,
    );
  }
});

test('memory and descriptors have limits of their own', () => {
  const mmap = explained(new SystemCallError('mmap', 'EPERM'));
  assert.match(mmap.hint ?? '', /perf_event_mlock_kb/);
  assert.match(explained(refused('cpu-clock', 'EMFILE')).hint ?? '', /ulimit -n/);
});

test('any other refusal names the event, the call and the error', () => {
  const error = new SystemCallError('ioctl(ENABLE)', 'EIO');
  assert.match(explained(error).message, /'cycles': ioctl\(ENABLE\): EIO/);
});

test('what is no refusal of the kernel’s passes through', () => {
  const error = new RangeError('ours');
  assert.equal(explainRefusal(error, 'cycles', USER), error);
});

test('user space alone may be allowed where it was not alone asked for', () => {
  const error = refused('cpu-clock');
  assert.equal(mayFallBackToUser(error, event('cycles')), true);
  assert.equal(mayFallBackToUser(error, event('cycles:uk')), true);
  assert.equal(mayFallBackToUser(error, event('cycles:u')), false);
  assert.equal(mayFallBackToUser(error, event('cycles:k')), false);
  assert.equal(mayFallBackToUser(refused('cycles', 'ENOENT'), event('cycles')), false);
});

test('of some events nothing is left without the kernel', () => {
  const error = refused('cs');
  for (const name of ['context-switches', 'cs', 'cpu-migrations']) {
    assert.equal(mayFallBackToUser(error, event(name)), false, name);
  }
  for (const name of ['cycles', 'cpu-clock', 'task-clock', 'page-faults']) {
    assert.equal(mayFallBackToUser(error, event(name)), true, name);
  }
});
