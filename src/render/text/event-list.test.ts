import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TriedEvent } from '../../linux/events/catalogue.js';
import { refusedLines, writeEventList, type EventListOptions } from './event-list.js';
import { columns } from './text.js';

const EVENTS: readonly TriedEvent[] = [
  {
    name: 'page-faults',
    kind: 'software',
    aliases: ['faults'],
    description: 'accesses to memory not mapped yet',
  },
  { name: 'cpu-clock', kind: 'software', aliases: [], description: 'time', userOnly: true },
  {
    name: 'power/energy-psys/',
    kind: 'pmu',
    aliases: [],
    description: 'event=0x05',
    unit: 'Joules',
  },
  {
    name: 'cycles',
    kind: 'hardware',
    aliases: [],
    refusal: { code: 'ENOENT', reason: 'none here' },
  },
  {
    name: 'LLC-loads',
    kind: 'cache',
    aliases: [],
    refusal: { code: 'ENOENT', reason: 'none here' },
  },
  { name: 'sched:a', kind: 'tracepoint', aliases: [] },
  { name: 'sched:b', kind: 'tracepoint', aliases: [] },
  { name: 'irq:\u001b[31m', kind: 'tracepoint', aliases: [] },
];

function written(options: EventListOptions): string[] {
  let text = '';
  writeEventList(EVENTS, options, (piece) => (text += piece));
  return text.split('\n');
}

test('by kind, descriptions in a column, nothing that a terminal would obey', () => {
  assert.deepEqual(written({}), [
    'Hardware events',
    '  cycles  not here: none here',
    '',
    'Software events',
    '  page-faults, faults  accesses to memory not mapped yet',
    '  cpu-clock            time; user space only',
    '',
    'Cache events',
    '  LLC-loads  not here: none here',
    '',
    'Events of PMUs',
    '  power/energy-psys/  event=0x05; in Joules',
    '',
    'Tracepoints (3)',
    '  sched:a',
    '  sched:b',
    '  irq:\\x1b[31m',
    '',
  ]);
});

test('a narrow terminal has descriptions below, and no longer lines', () => {
  const lines = written({ width: 30, bySystem: true });
  assert.deepEqual(lines.slice(4, 7), [
    'Software events',
    '  page-faults, faults',
    '      accesses to memory not …',
  ]);
  assert.deepEqual(lines.slice(-3), ['Tracepoints (3)', '  sched (2)  irq (1)', '']);
  assert.ok(lines.every((line) => columns(line) <= 30));
});

test('what is refused is counted for each reason', () => {
  assert.deepEqual(refusedLines(EVENTS), [
    '2 hardware and cache events cannot be counted here: none here',
  ]);
  assert.deepEqual(refusedLines(EVENTS.slice(0, 4)), [
    "'cycles' cannot be counted here: none here",
  ]);
});
