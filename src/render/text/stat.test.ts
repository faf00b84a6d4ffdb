import assert from 'node:assert/strict';
import test from 'node:test';

import { parseEvent } from '../../linux/events/parse.js';
import type { EventSpec } from '../../linux/events/spec.js';
import type { Label } from '../../stat/labels.js';
import type { Row } from '../../stat/rows.js';
import type { StatResult } from '../../stat/run.js';
import { writeIntervalCsv, writeStatCsv } from './stat-csv.js';
import { writeStatJson } from './stat-json.js';
import { intervalPrinter, writeStat, type StatStyle } from './stat.js';

const WIDE: StatStyle = { grouped: true, columns: undefined };

function row(spec: string | EventSpec, count: number | undefined, more: Partial<Row> = {}): Row {
  return {
    event: {
      spec: typeof spec === 'string' ? parseEvent(spec) : spec,
      narrowed: false,
      asked: true,
      state: 'counted',
    },
    count,
    counters: 1,
    deviation: 0,
    enabled: 5e8,
    running: 5e8,
    ...more,
  };
}

function result(rows: readonly Row[], more: Partial<StatResult> = {}): StatResult {
  const elapsed = { mean: 1.25e9, deviation: 0 };
  return { rows, runs: 1, elapsed, exitCode: 0, notes: [], ...more };
}

const ENERGY: EventSpec = { ...parseEvent('r1'), name: 'power/x/', scale: 0.5, unit: 'Joules' };

const MIXED = [
  row('task-clock', 5e8),
  row('cycles', 1e9),
  row('stalled-cycles-backend', 5e8, { running: 1.25e8 }),
  row('instructions', 1_500_000_000),
  row('page-faults', undefined),
  row('cs', undefined, {
    event: { ...row('cs', 0).event, state: 'unsupported' },
  }),
  row('cpu-migrations', undefined, {
    event: { ...row('cpu-migrations', 0).event, state: 'unsupported', asked: false },
  }),
];

/** Lines of text, with a bar at their end. */
function text(of: StatResult, style = WIDE): string {
  let printed = '';
  writeStat(of, "'app'", style, (piece) => (printed += piece));
  return printed;
}

test('the layout is that of perf stat', () => {
  assert.equal(
    text(result(MIXED, { user: { mean: 4e8, deviation: 0 }, system: { mean: 1e8, deviation: 0 } })),
    `
 Performance counter stats for 'app':

            500.00 msec task-clock                       #    0.400 CPUs utilized
     1,000,000,000      cycles                           #    2.000 GHz
       500,000,000      stalled-cycles-backend           #   50.00% backend cycles idle     (25.00%)
     1,500,000,000      instructions                     #    1.50  insn per cycle
                                                         #    0.33  stalled cycles per insn
     <not counted>      page-faults
   <not supported>      cs

       1.250000000 seconds time elapsed

       0.400000000 seconds user
       0.100000000 seconds sys

`,
  );
});

test('several runs have deviations', () => {
  const printed = text(
    result([row('faults', 200, { deviation: 3 }), row('cs', 0)], {
      runs: 4,
      elapsed: { mean: 1.2345678e9, deviation: 1.5e6 },
      notes: ['a note\u001b[31m'],
    }),
  );
  assert.equal(
    printed,
    `
 Performance counter stats for 'app' (4 runs):

               200      faults                           ( +-  1.50% )
                 0      cs

           1.23457 +- 0.00150 seconds time elapsed  ( +-  0.12% )

 - a note\\x1b[31m

`,
  );
});

test('in a narrow terminal the columns move together, then names are cut', () => {
  const rows = [
    row('task-clock', 5e8),
    row(ENERGY, 5),
    row({ ...parseEvent('faults'), name: 'syscalls:sys_enter_clock_nanosleep' }, 12_345),
  ];
  const lines = (columns: number): string[] =>
    text(result(rows), { grouped: true, columns }).split('\n').slice(3, 6);
  for (const line of lines(80)) assert.ok(line.length <= 80, line);
  assert.deepEqual(lines(80), [
    '500.00 msec   task-clock                         #    0.400 CPUs utilized',
    '  2.50 Joules power/x/',
    '12,345        syscalls:sys_enter_clock_nanosleep #   24.690 K/sec',
  ]);
  assert.deepEqual(lines(60), [
    '500.00 msec   task-clock            #    0.400 CPUs utilized',
    '  2.50 Joules power/x/',
    '12,345        syscal…lock_nanosleep #   24.690 K/sec',
  ]);
});

test('intervals begin with their time, under a heading', () => {
  let printed = '';
  const print = intervalPrinter(
    { grouped: false, columns: undefined },
    (piece) => (printed += piece),
  );
  for (const at of [1, 2]) print({ rows: [row('faults', 12_345)], at: at * 1e9, length: 1e9 });
  assert.equal(
    printed,
    `#          time             counts   events
     1.000000000              12345      faults
     2.000000000              12345      faults
`,
  );
});

test('a thread’s name cannot end a line', () => {
  const label: Label = { kind: 'thread', text: 'a\nb-12' };
  let csv = '';
  writeStatCsv(result([row('faults', 1, { label })]), ',', (piece) => (csv += piece));
  assert.equal(csv, 'a\\x0ab-12,1,,faults,500000000,100.00,,\n');
});

test('CSV has the fields of perf stat -x', () => {
  let csv = '';
  writeStatCsv(result(MIXED), ';', (piece) => (csv += piece));
  assert.equal(
    csv,
    `500.00;msec;task-clock;500000000;100.00;0.400;CPUs utilized
1000000000;;cycles;500000000;100.00;2.000;GHz
500000000;;stalled-cycles-backend;125000000;25.00;50.00;backend cycles idle
1500000000;;instructions;500000000;100.00;1.50;insn per cycle
;;;;;0.33;stalled cycles per insn
<not counted>;;page-faults;500000000;100.00;;
<not supported>;;cs;500000000;100.00;;
<not supported>;;cpu-migrations;500000000;100.00;;
`,
  );
  let interval = '';
  const label: Label = { kind: 'core', text: 'S0-D0-C1' };
  const rows = [row(ENERGY, 5, { label, counters: 2 })];
  writeIntervalCsv({ rows, at: 1e9, length: 1e9 }, ',', (piece) => (interval += piece));
  assert.equal(interval, '     1.000000000,S0-D0-C1,2,2.50,Joules,power/x/,500000000,100.00,,\n');
});

test('JSON has the keys of perf stat -j', () => {
  let json = '';
  writeStatJson(
    result([row('faults', 3, { deviation: 1 }), row('cs', undefined)], { runs: 2 }),
    (piece) => {
      json += piece;
    },
  );
  const objects = json
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  assert.deepEqual(objects, [
    {
      'counter-value': '3.000000',
      unit: '',
      event: 'faults',
      variance: 33.33,
      'event-runtime': 5e8,
      'pcnt-running': 100,
      'metric-value': null,
      'metric-unit': '',
    },
    {
      'counter-value': '<not counted>',
      unit: '',
      event: 'cs',
      variance: 0,
      'event-runtime': 5e8,
      'pcnt-running': 100,
      'metric-value': null,
      'metric-unit': '',
    },
  ]);
});
