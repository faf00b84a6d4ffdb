import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StrataError } from '../../../base/errors.js';
import { EMPTY_ATTR } from '../../../formats/perfdata/attr.js';
import { PerfSample, PerfType } from '../../../formats/perfdata/spec.js';
import { fieldsOf, parseFields } from './fields.js';

const BASIC = PerfSample.IP | PerfSample.TID | PerfSample.TIME;

function event(type: number, sample_type = BASIC) {
  return { name: 'event', attr: { ...EMPTY_ATTR, type, sample_type } };
}

/** The fields of one event, in perf's order of printing not, but of the alphabet. */
function fields(choices: string[], one = event(PerfType.HARDWARE)): string {
  const [set] = fieldsOf([one], choices.map(parseFields));
  return [...set].sort().join(',');
}

test('prints by default what the samples of each kind of event carry', () => {
  assert.equal(fields([]), 'comm,dso,event,ip,period,sym,symoff,tid,time');
  const onCpus = event(PerfType.SOFTWARE, BASIC | PerfSample.CPU);
  assert.equal(fields([], onCpus), 'comm,cpu,dso,event,ip,period,sym,symoff,tid,time');
  assert.equal(fields([], event(PerfType.TRACEPOINT)), 'comm,event,tid,time,trace');
  const stacks = event(PerfType.TRACEPOINT, BASIC | PerfSample.CALLCHAIN);
  assert.equal(fields([], stacks), 'comm,dso,event,ip,sym,symoff,tid,time,trace');
  const memory = event(PerfType.RAW, BASIC | PerfSample.ADDR | PerfSample.WEIGHT_STRUCT);
  assert.equal(
    fields([], memory),
    'addr,comm,dso,event,ins_lat,ip,period,retire_lat,sym,symoff,tid,time,weight',
  );
});

test('sets, adds and removes fields, also of one kind of event', () => {
  assert.equal(fields(['comm,ip']), 'comm,ip');
  assert.equal(fields(['comm,ip', 'time']), 'time'); // the last list
  assert.equal(fields(['comm,ip', '+sym']), 'comm,ip,sym');
  assert.equal(fields(['-period,-dso,+pid']), 'comm,event,ip,pid,sym,symoff,tid,time');
  assert.equal(fields(['sw:time']), 'comm,dso,event,ip,period,sym,symoff,tid,time');
  assert.equal(fields(['hw:time,event']), 'event,time');
  assert.equal(fields(['hw:']), '');
  assert.equal(fields(['comm,trace']), 'comm'); // of other kinds than tracepoints passed over
});

test('refuses what is no field, and what the samples do not carry', () => {
  const wrong = ['', 'foo', 'ip,+sym', '+sym,ip', 'xx:ip', 'insn', 'ipc', 'metric'];
  for (const text of wrong) assert.throws(() => parseFields(text), StrataError, text);
  for (const text of ['addr', 'cpu,ip', '+iregs', 'ip,symoff', 'srcline', '-sym']) {
    assert.throws(() => fields([text]), StrataError, text);
  }
});
