import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StrataError } from '../base/errors.js';
import { parseEvent } from '../linux/events.js';
import { SystemCallError } from '../linux/perf-event.js';
import { explainRefusal, mayFallBackToUser, type SamplingRights } from './permission.js';

const USER: SamplingRights = { paranoid: 3, privileged: false };

function explained(call: string, code: string, rights = USER): StrataError {
  const error = explainRefusal(new SystemCallError(call, code), 'cycles', rights);
  assert.ok(error instanceof StrataError);
  return error;
}

test('the setting that forbids sampling is named with its value, and what mends it', () => {
  for (const code of ['EACCES', 'EPERM']) {
    const { message, hint } = explained('perf_event_open', code);
    assert.match(message, /kernel\.perf_event_paranoid is 3 .*no CAP_PERFMON/);
    assert.match(hint ?? '', /^sudo sysctl kernel\.perf_event_paranoid=1 /);
  }
  const unknown = explained('perf_event_open', 'EACCES', {
    paranoid: undefined,
    privileged: false,
  });
  assert.match(unknown.message, /perf_event_paranoid is unreadable/);
});

test('who has the capability and is refused all the same is in a sandbox', () => {
  const { message, hint } = explained('perf_event_open', 'EPERM', {
    paranoid: 2,
    privileged: true,
  });
  assert.match(message, /seccomp/);
  assert.match(hint ?? '', /--security-opt/);
  assert.match(explained('perf_event_open', 'ENOSYS').message, /no perf events/);
});

test('memory and descriptors have limits of their own', () => {
  assert.match(explained('mmap', 'EPERM').hint ?? '', /perf_event_mlock_kb/);
  assert.match(explained('perf_event_open', 'EMFILE').hint ?? '', /ulimit -n/);
});

test('any other refusal names the event, the call and the error', () => {
  assert.match(explained('ioctl(ENABLE)', 'EIO').message, /'cycles': ioctl\(ENABLE\): EIO/);
});

test('what is no refusal of the kernel’s passes through', () => {
  const error = new RangeError('ours');
  assert.equal(explainRefusal(error, 'cycles', USER), error);
});

test('user space alone may be allowed where it was not alone asked for', () => {
  const refused = new SystemCallError('perf_event_open', 'EACCES');
  assert.equal(mayFallBackToUser(refused, parseEvent('cycles')), true);
  assert.equal(mayFallBackToUser(refused, parseEvent('cycles:uk')), true);
  assert.equal(mayFallBackToUser(refused, parseEvent('cycles:u')), false);
  assert.equal(mayFallBackToUser(refused, parseEvent('cycles:k')), false);
  const missing = new SystemCallError('perf_event_open', 'ENOENT');
  assert.equal(mayFallBackToUser(missing, parseEvent('cycles')), false);
});
