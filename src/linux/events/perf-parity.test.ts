/** Events as perf understands them: what it hands to the kernel, attribute by attribute. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { needsPerf } from '../../testing/perf.js';
import { parseEvents } from './parse.js';
import type { EventSpec } from './spec.js';

/** What an event's text decides; the rest is for whoever opens it. */
const FIELDS = [
  'type',
  'config',
  'config1',
  'config2',
  'bp_type',
  'precise_ip',
  'exclude_user',
  'exclude_kernel',
  'exclude_hv',
  'exclude_idle',
  'exclude_host',
  'exclude_guest',
  'pinned',
  'exclusive',
] as const;
type Fields = Partial<Record<(typeof FIELDS)[number], bigint>>;

const EVENTS = [
  // Names, aliases and modifiers; P is for sampling, and perf stat leaves it out.
  'cycles',
  'cpu-cycles:u',
  'instructions:k',
  'branches:h',
  'branch-misses:uk',
  'ref-cycles:ukh',
  'stalled-cycles-frontend:G',
  'idle-cycles-backend:H',
  'bus-cycles:GH',
  'cache-references:uG',
  'cache-misses:up',
  'cycles:upp',
  'cycles:ppp',
  'cycles:pu',
  'cycles:I',
  'cycles:kI',
  'cycles:D',
  'cycles:e',
  'cycles:uDe',
  'cycles/period=100000/u',
  'cycles/config1=0x5,config2=6/',
  'cpu-clock',
  'task-clock:u',
  'cpu-clock:k',
  'faults',
  'minor-faults',
  'major-faults',
  'context-switches',
  'cs:k',
  'migrations',
  'cpu-migrations',
  'alignment-faults',
  'emulation-faults',
  'dummy:H',
  'bpf-output',
  'cgroup-switches',
  // Caches, as spelled variously.
  'L1-dcache-load-misses',
  'l1d-write-refs',
  'L1-icache-prefetch-miss',
  'LLC-loads:u',
  'L2-misses',
  'dTLB-stores',
  'd-tlb-misses-store',
  'iTLB',
  'branch-loads',
  'bpu-load-misses',
  'node-prefetches',
  'Data-TLB-speculative-read-misses',
  // Numbers.
  'r1a8',
  'r0:u',
  'rffffffffffffffff',
  '1:2',
  '4:0x1c2:k',
  // Breakpoints.
  'mem:0x1000',
  'mem:4096:x',
  'mem:0x1000:w:u',
  'mem:0x1000/2:rw:k',
  'mem:0x1000/8',
  'mem:0x1000:r:kp',
  // Tracepoints.
  'sched:sched_switch',
  'sched:sched_wakeup:u',
  'sched:sched_process_f*',
  // Groups: their modifiers go on from the events' own.
  '{page-faults:k,dummy}:u',
  '{page-faults,cs}:D',
  '{page-faults:u,cs:H}:k',
  '{page-faults:H,cs}:G',
  '{page-faults:De,cs}',
  '{page-faults,cs}:S',
  '{page-faults:p,cs}:k',
];

/** What `perf stat -vv` says that it asks of the kernel, each event's first attempt. */
function askedByPerf(event: string): Fields[] {
  const { stderr } = spawnSync('perf', ['stat', '-vv', '-e', event, 'true'], { encoding: 'utf8' });
  const asked: Fields[] = [];
  let retried = false;
  for (const part of stderr.split('perf_event_attr:\n').slice(1)) {
    const [text, outcome] = part.split(/^-+$/m, 2);
    if (!retried) {
      const fields: Fields = {};
      for (const field of FIELDS) {
        const value = new RegExp(`^ +(?:\\{[^}]*)?\\b${field}(?: \\})? +(\\w+)$`, 'm').exec(text);
        if (value !== null) fields[field] = BigInt(value[1]);
      }
      asked.push(fields);
    }
    retried = outcome?.includes('failed') === true;
  }
  return asked;
}

function askedByUs({ attr }: EventSpec): Fields {
  const fields: Fields = {};
  for (const field of FIELDS) {
    const value = field in attr ? attr[field as keyof typeof attr] : attr.flags[field as 'pinned'];
    if (value !== undefined && BigInt(Number(value === true) || (value as bigint)) !== 0n) {
      fields[field] = typeof value === 'boolean' ? 1n : BigInt(value as number | bigint);
    }
  }
  return fields;
}

test('perf asks the kernel for the same', (t) => {
  if (!needsPerf(t)) return;
  const ours = EVENTS.map((event) => [
    event,
    parseEvents(event).flatMap((group) => group.events.map(askedByUs)),
  ]);
  assert.deepEqual(
    ours,
    EVENTS.map((event) => [event, askedByPerf(event)]),
  );
});
