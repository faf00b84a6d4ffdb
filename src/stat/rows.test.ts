import assert from 'node:assert/strict';
import test from 'node:test';

import { parseEvent } from '../linux/events/parse.js';
import type { Counters } from './counters.js';
import { estimate, relativeDeviation } from './deviation.js';
import type { CountedEvent, EventState } from './events.js';
import type { Label } from './labels.js';
import { withMetrics } from './metrics.js';
import { averageRows, makeRows, type Row } from './rows.js';

function event(name: string, state: EventState = 'counted'): CountedEvent {
  return { spec: parseEvent(name), narrowed: false, asked: true, state };
}

/** Two counters of each event, as if they were open. */
function counters(
  events: readonly CountedEvent[],
  labels: readonly (Label | undefined)[] = [undefined, undefined],
): Counters {
  const counters = events.flatMap((_, i) => labels.map((label) => ({ event: i, label, fd: 0 })));
  return { events, counters } as unknown as Counters;
}

test('counts are added up over places, each scaled by what it missed', () => {
  const reading = Float64Array.of(
    ...[100, 50, 25], // half of the time: 200
    ...[7, 50, 50],
  );
  const [row] = makeRows(counters([event('faults')]), reading, undefined);
  assert.deepEqual([row.count, row.enabled, row.running], [207, 100, 75]);
});

test('a counter that never got its turn has no count; one whose task slept has 0', () => {
  const some = counters([event('faults'), event('cs'), event('cycles', 'unsupported')]);
  const reading = Float64Array.of(0, 10, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const rows = makeRows(some, reading, undefined);
  assert.deepEqual(
    rows.map(({ count }) => count),
    [undefined, 0, undefined],
  );
  const notBegun = makeRows(some, reading, undefined, false);
  assert.deepEqual(
    notBegun.map(({ count }) => count),
    [undefined, undefined, undefined],
  );
});

test('an interval is what was counted since the last one, scaled by what that missed', () => {
  const some = counters([event('faults')]);
  const before = Float64Array.of(10, 100, 100, 0, 0, 0);
  const now = Float64Array.of(40, 200, 150, 5, 10, 10);
  const [row] = makeRows(some, now, before);
  assert.deepEqual([row.count, row.enabled, row.running], [65, 110, 60]);
});

test('rows of CPUs come event by event, rows of cores core by core', () => {
  const names = (kind: Label['kind']): string[] => {
    const labels = [0, 1].map((cpu) => ({ kind, text: `${kind}${cpu}` }));
    const some = counters([event('faults'), event('cycles', 'unsupported')], labels);
    return makeRows(some, new Float64Array(12), undefined).map(
      ({ label, event: { spec } }) => `${label?.text} ${spec.name}`,
    );
  };
  assert.deepEqual(names('cpu'), ['cpu0 faults', 'cpu1 faults', 'cpu0 cycles', 'cpu1 cycles']);
  assert.deepEqual(names('core'), ['core0 faults', 'core0 cycles', 'core1 faults', 'core1 cycles']);
});

test('the deviation is that of the mean', () => {
  // Squares of 1..5 from 3: 10; over n - 1: 2.5; of the mean: 2.5 / 5.
  const five = estimate([1, 2, 3, 4, 5]);
  assert.deepEqual(five, { mean: 3, deviation: Math.sqrt(0.5) });
  assert.equal(relativeDeviation(five).toFixed(2), '23.57');
  assert.deepEqual(estimate([4]), { mean: 4, deviation: 0 });
  assert.equal(relativeDeviation({ mean: 0, deviation: 0 }), 0);
});

test('runs become their mean; those without a count say nothing', () => {
  const runs = [1, 3, undefined].map((count) => [row('faults', count)]);
  const [mean] = averageRows(runs);
  assert.deepEqual([mean.count, mean.deviation], [2, 1]);
});

function row(name: string, count: number | undefined): Row {
  return { event: event(name), count, counters: 1, deviation: 0, enabled: 1, running: 1 };
}

/** `2.00 insn per cycle`, by event. */
function metrics(rows: readonly Row[]): Record<string, string[]> {
  return Object.fromEntries(
    withMetrics(rows, 2e9).map(({ row: one, metrics: figures }) => [
      one.event.spec.name,
      figures.map((m) => `${m.value.toFixed(m.digits)}${m.percent ? '%' : ''} ${m.unit}`),
    ]),
  );
}

test('figures follow from counts as in perf', () => {
  const rows = Object.entries({
    'task-clock': 1e9,
    'page-faults': 1500,
    faults: 12,
    'minor-faults': 2_500_000,
    cycles: 3e9,
    'stalled-cycles-frontend': 3e8,
    'stalled-cycles-backend': 6e8,
    instructions: 6e9,
    branches: 1e9,
    'branch-misses': 25e6,
    'cache-references': 1000,
    'cache-misses': 100,
    'L1-dcache-loads': 2000,
    'L1-dcache-load-misses': 10,
    'iTLB-load-misses': 10,
  }).map(([name, count]) => row(name, count));
  assert.deepEqual(metrics(rows), {
    'task-clock': ['0.500 CPUs utilized'],
    'page-faults': ['1.500 K/sec'],
    faults: ['12.000 /sec'],
    'minor-faults': ['2.500 M/sec'],
    cycles: ['3.000 GHz'],
    'stalled-cycles-frontend': ['10.00% frontend cycles idle'],
    'stalled-cycles-backend': ['20.00% backend cycles idle'],
    instructions: ['2.00 insn per cycle', '0.10 stalled cycles per insn'],
    branches: ['1.000 G/sec'],
    'branch-misses': ['2.50% of all branches'],
    'cache-references': ['1.000 K/sec'],
    'cache-misses': ['10.00% of all cache refs'],
    'L1-dcache-loads': ['2.000 K/sec'],
    'L1-dcache-load-misses': ['0.50% of all L1-dcache accesses'],
    // Its accesses were not counted.
    'iTLB-load-misses': ['10.000 /sec'],
  });
});

test('figures relate what was counted of the same: label and levels', () => {
  assert.deepEqual(
    metrics([row('cycles:u', 100), row('cycles:k', 50), row('instructions:k', 100)]),
    {
      'cycles:u': [],
      'cycles:k': [],
      'instructions:k': ['2.00 insn per cycle'],
    },
  );
  const labels = ['a', 'b'].map((text) => ({ kind: 'thread', text }) as const);
  const threads = [
    { ...row('cycles', 100), label: labels[0] },
    { ...row('instructions', 300), label: labels[1] },
  ];
  assert.deepEqual(metrics(threads), { cycles: [], instructions: [] });
});
