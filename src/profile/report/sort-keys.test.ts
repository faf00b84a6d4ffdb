import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile } from '../../testing/drawn.js';
import { hierarchy, type HierarchyNode } from './hierarchy.js';
import { keyColumns } from './key-columns.js';
import { reportsOf } from './report.js';
import { fieldNamed, planFields, type Field } from './sort-keys.js';

const list = (...fields: Field[]) => ({ fields, more: false });
const more = (...fields: Field[]) => ({ fields, more: true });

test('what is sorted by is shown, and what is shown is sorted by, as with perf', () => {
  const plan = planFields({ children: true, samples: true });
  assert.deepEqual(plan.columns.join(), 'overhead_children,overhead,sample,comm,dso,symbol');
  assert.deepEqual(plan.order.join(), 'overhead_children,overhead,comm,dso,symbol,sample');
  assert.deepEqual(plan.keys.join(), 'comm,dso,symbol');

  const named = planFields({ children: false, sort: list('symbol', 'overhead') });
  assert.deepEqual(named.columns.join(), 'overhead,symbol');
  assert.deepEqual(named.order.join(), 'symbol,overhead');

  const strict = planFields({
    children: true,
    fields: list('symbol', 'period'),
    sort: list('comm'),
  });
  assert.deepEqual(strict.columns.join(), 'symbol,period,comm');
  assert.deepEqual(strict.order.join(), 'comm,symbol,period');

  const added = planFields({ children: false, fields: more('period'), sort: more('cpu') });
  assert.deepEqual(added.columns.join(), 'overhead,period,comm,dso,symbol,cpu');
  assert.deepEqual(planFields({ children: true, fields: list('symbol') }).keys, ['symbol']);
});

test('names of fields', () => {
  assert.equal(fieldNamed('SYM'), 'symbol');
  assert.equal(fieldNamed('nonsense'), undefined);
});

const PROFILE = drawProfile(`
  comm:a           comm:a           comm:a           comm:b
  weight:5         weight:4         weight:2         weight:9
  main[x.so]       f[python=/usr/lib/python3.12/json/decoder.py]  g[python=/src/app.py]  main[x.so]
  f[x.so]          c[z.so]          c[z.so]          -
`);

test('each level of a hierarchy has the sum of what is below it', () => {
  const [{ entries, columns, order }] = reportsOf(PROFILE, {
    hierarchy: true,
    sort: list('comm', 'dso', 'symbol'),
  });
  const lines: string[] = [];
  const add = (nodes: readonly HierarchyNode[]): void => {
    for (const { level, values, rows, children } of nodes) {
      const text = columns[level].text(values[level]);
      lines.push(`${' '.repeat(level)}${text} ${rows[0].self}/${rows[0].selfSamples}`);
      add(children);
    }
  };
  add(hierarchy(entries, columns, [0, 1, 2], order));
  assert.deepEqual(lines, [
    'a 11/3',
    ' z.so 6/2',
    '  [.] c 6/2',
    ' x.so 5/1',
    '  [.] f 5/1',
    'b 9/1',
    ' x.so 9/1',
    '  [.] main 9/1',
  ]);
});

/** `text self` of the rows of one key. */
function rowsBy(key: Field, choice: Parameters<typeof reportsOf>[1] = {}): string[] {
  const [{ entries, columns }] = reportsOf(PROFILE, {
    children: false,
    sort: list(key),
    ...choice,
  });
  return entries.map(({ values, rows }) => `${columns[0].text(values[0])} ${rows[0]?.self}`);
}

test('what native code costs counts for the Python module that calls it', () => {
  assert.deepEqual(rowsBy('py_module'), ['[no Python] 14', 'json.decoder 4', 'app 2']);
  assert.deepEqual(rowsBy('layer'), ['native 20']);
});

test('rows of files and functions alone; percentages of all, or of what is shown', () => {
  assert.deepEqual(rowsBy('dso', { dsos: ['z.so'] }), ['z.so 6']);
  assert.deepEqual(rowsBy('comm', { symbols: ['c'] }), ['a 6']);
  assert.deepEqual(rowsBy('symbol', { symbolFilter: 'ai' }), ['[.] main 9']);
  const total = (percentage: 'relative' | 'absolute') =>
    reportsOf(PROFILE, { dsos: ['z.so'], percentage })[0].totals;
  assert.deepEqual(total('relative'), [{ weight: 6, samples: 2 }]);
  assert.equal(total('absolute')[0].weight, 20);
});

test('moments far apart are told apart by the shortest quantum', () => {
  const day = 86_400_000; // ms: in quanta of a nanosecond more than 32 bits hold
  const profile = drawProfile(`
    time:0      time:4294.967296  time:${day}
    a           a                 a
  `);
  const [column] = keyColumns(profile, ['time'], { timeQuantum: 1 });
  assert.ok(column.of === 'samples');
  assert.equal(new Set(column.values).size, 3);
  const values = [...column.values];
  assert.deepEqual(values.toSorted(column.compare), values);
  assert.deepEqual(
    values.map((value) => column.text(value).trim()),
    ['0.000000', '4.294967', '86400.000000'],
  );
});
