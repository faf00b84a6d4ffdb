import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Profile } from '../../profile/profile.js';
import { withTaskFunctions } from '../../profile/tree/tasks.js';
import { drawProfile } from '../../testing/drawn.js';
import { randomProfile } from '../../testing/random-profile.js';
import { writeTreeData, type TreeDataOptions } from './tree-data.js';

function written(
  profile: Profile,
  options: Omit<TreeDataOptions, 'format'>,
  format: 'json' | 'csv',
) {
  let text = '';
  writeTreeData(profile, { ...options, format }, (part) => (text += part));
  return text;
}

interface Row {
  readonly row: number;
  readonly parent?: number;
  readonly kind: string;
  readonly weight: number;
  readonly selfWeight?: number;
}
interface Data {
  readonly report: string;
  readonly events: readonly {
    readonly name: string;
    readonly weight: number;
    readonly smaller?: { readonly threads: number; readonly weight: number };
    readonly threads: readonly {
      readonly name?: string;
      readonly tid?: number;
      readonly weight: number;
      readonly rows: readonly (Row & Record<string, unknown>)[];
    }[];
  }[];
}

const json = (profile: Profile, options: Omit<TreeDataOptions, 'format'> = {}): Data =>
  JSON.parse(written(profile, options, 'json')) as Data;

const LIB = '/usr/lib/python3.12';
const DRAWN = drawProfile(
  `
    weight:6e6                                       weight:3e6              weight:1e6
    main[python]                                     main[python]            main[python]
    loads[python=${LIB}/json/__init__.py]            task_step[interpreter]  -
    decode[python=${LIB}/json/decoder.py]            fetch[python=a"b,c.py]  -
    match[python=${LIB}/re/__init__.py]              fetch[python=a"b,c.py]  -
  `,
  { unit: 'ns' },
);

test('JSON: a row per node, below the row of its caller', () => {
  const { profile, tasks } = withTaskFunctions(DRAWN);
  const data = json(profile, { tasks });
  assert.equal(data.report, 'tree');
  const [event] = data.events;
  const [thread] = event.threads;
  assert.deepEqual(
    [event.name, event.weight, thread.tid, thread.weight],
    ['cpu-clock', 1e7, 1, 1e7],
  );
  assert.deepEqual(
    thread.rows.map(({ row, parent, kind, function: name, percent, selfWeight }) => [
      row,
      parent,
      kind,
      name,
      percent,
      selfWeight,
    ]),
    [
      [0, undefined, 'function', 'main', 100, 1e6],
      [1, 0, 'function', 'loads', 60, 0],
      [2, 1, 'folded', undefined, 60, undefined],
      [3, 0, 'function', 'task_step', 30, 0],
      [4, 3, 'function', 'fetch', 30, 0],
      [5, 4, 'function', 'fetch', 30, 3e6],
      [6, 0, 'self', undefined, 10, undefined],
    ],
  );
  assert.deepEqual(thread.rows[2]['of'], ['json', 're']);
  assert.deepEqual(thread.rows[2]['functions'], 2);
  assert.deepEqual(
    thread.rows.map((row) => row['task']),
    [undefined, undefined, undefined, undefined, true, undefined, undefined],
  );
  assert.equal(thread.rows[1]['module'], 'json');
  assert.equal(thread.rows[1]['file'], `${LIB}/json/__init__.py`);
});

test('CSV: the same rows, with names quoted', () => {
  const [head, ...lines] = written(DRAWN, {}, 'csv').trimEnd().split('\r\n');
  assert.match(head, /^event,unit,thread,pid,tid,row,parent,depth,kind,function,file,line,/);
  assert.equal(lines.length, 6);
  assert.ok(
    lines[4].startsWith('cpu-clock,ns,app,1,1,4,3,3,function,fetch,"a""b,c.py",,'),
    lines[4],
  );
  // Without tasks the two are one.
  assert.match(lines[4], /,2,,,3000000,30,1,3000000,30,1$/);
});

test('functions as rows', () => {
  const [{ threads }] = json(DRAWN, { flat: 'total', minPercent: 50 }).events;
  assert.deepEqual(
    threads[0].rows.map(({ function: name, weight, selfWeight }) => [name, weight, selfWeight]),
    [
      ['main', 1e7, 1e6],
      ['match', 6e6, 6e6],
      ['loads', 6e6, 0],
      ['decode', 6e6, 0],
    ],
  );
  const csv = written(DRAWN, { flat: 'self' }, 'csv').split('\r\n');
  assert.match(
    csv[0],
    /^event,unit,thread,pid,tid,function,file,line,module,layer,weight,percent,/,
  );
  assert.match(csv[1], /^cpu-clock,ns,app,1,1,match,/);
});

test('rows account for all weight, and say how many threads are left out', () => {
  for (let seed = 1; seed <= 10; seed++) {
    for (const { weight, threads } of json(randomProfile(seed), { minPercent: 0 }).events) {
      const tops = threads.flatMap(({ rows }) => rows.filter(({ parent }) => parent === undefined));
      assert.equal(
        tops.reduce((sum, row) => sum + row.weight, 0),
        weight,
      );
    }
  }
  const threads = drawProfile(`
    thread:1/1/a  thread:1/2/b  thread:1/3/c
    weight:999    weight:4      weight:3
    f[python]     f[python]     f[python]
  `);
  const [{ smaller }] = json(threads).events;
  assert.deepEqual(smaller, { threads: 2, weight: 7, samples: 2 });
});

test('thousands of frames and no samples are no trouble', () => {
  const deep = Array.from({ length: 9000 }, (_, i) => `f${i}[python]`).join('\n');
  assert.equal(json(drawProfile(deep)).events[0].threads[0].rows.length, 9000);
  assert.deepEqual(json(drawProfile('')).events, []);
});
