import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventsTogether } from '../../profile/selection/event-choice.js';
import type { Profile } from '../../profile/profile.js';
import { drawProfile } from '../../testing/drawn.js';
import { randomProfile } from '../../testing/random-profile.js';
import { layoutChart } from './chart.js';
import { encodeFrames } from './encode.js';
import type { FlameLayout } from './layout.js';
import { decodeFrames, type FlameData } from './page/data.js';

const MS = 1e6;

/** One line per frame: indented by depth, `name x+width self`, in milliseconds. */
function picture(layout: FlameLayout): string[] {
  return Array.from({ length: layout.length }, (_, frame) => {
    const { name } = layout.functions[layout.func[frame]];
    const [x, weight, self] = [layout.x, layout.weight, layout.self].map((c) => c[frame] / MS);
    return `${' '.repeat(layout.depth[frame])}${name} ${x}+${weight} self ${self}`;
  });
}

function timed(text: string): Profile {
  return drawProfile(text, { unit: 'ns' });
}

test('samples that follow one another keep what they have in common; gaps stay', () => {
  const layout = layoutChart(
    timed(`
      thread:7/7/app    thread:7/7/app   thread:7/7/app   thread:7/7/app
      weight:1000000    weight:1000000   weight:1000000   weight:1000000
      time:1            time:2           time:3           time:6
      main              main             main             main
      load              parse            parse            load
    `),
  );
  assert.deepEqual(picture(layout), [
    'all 0+6 self 0',
    ' app 7 0+6 self 2',
    '  main 0+3 self 0',
    '   load 0+1 self 1',
    '   parse 1+2 self 2',
    '  main 5+1 self 0',
    '   load 5+1 self 1',
  ]);
  assert.equal(layout.chart, true);
  assert.equal(layout.samples, 4);
});

test('threads lie one below the other, and begin where their samples do', () => {
  const layout = layoutChart(
    timed(`
      thread:7/7/app    thread:7/8/worker   thread:7/7/app
      weight:1000000    weight:1000000      weight:1000000
      time:1            time:2              time:2
      main              run                 main
      load              -                   load
    `),
  );
  assert.deepEqual(picture(layout), [
    'all 0+2 self 0',
    ' app 7 0+2 self 0',
    '  main 0+2 self 0',
    '   load 0+2 self 2',
    '    worker 8 1+1 self 0',
    '     run 1+1 self 1',
  ]);
  assert.deepEqual([...layout.parent], [-1, 0, 1, 2, 0, 4]);
});

test('a sample that is a little late leaves no gap, nor what ran before a wait', () => {
  const drawn = timed(`
    thread:7/7/app     thread:7/7/app     thread:7/7/app
    event:cpu-clock    event:cpu-clock    event:offcpu-time
    weight:1000000     weight:1000000     weight:5000000
    time:1             time:2.3           time:8
    main               main               main
    load               load               poll
  `);
  const profile = eventsTogether(drawn, [0, 1]);
  profile.samples.wait[2] = 3;
  const layout = layoutChart(profile, { event: 2 });
  assert.deepEqual(picture(layout), [
    'all 0+8 self 0',
    ' app 7 0+8 self 0',
    '  main 0+8 self 0',
    '   load 0+3 self 3',
    '   poll 3+5 self 5',
  ]);
});

test('samples of counts stand for the time between samples', () => {
  const layout = layoutChart(
    drawProfile(`
      thread:7/7/app   thread:7/7/app   thread:7/7/app
      time:1           time:2           time:3
      main             main             other
    `),
  );
  assert.deepEqual(picture(layout).slice(2), ['  main 0+2 self 2', '  other 2+1 self 1']);
});

test('samples without times make no chart', () => {
  const untimed = drawProfile(`
    time:0   time:0
    main     other
  `);
  assert.throws(() => layoutChart(untimed), /a chart needs times, which these samples have not/);
});

test('short frames are left out and counted', () => {
  const layout = layoutChart(
    timed(`
      thread:7/7/app    thread:7/7/app   thread:7/7/app
      weight:8000000    weight:1000000   weight:1000000
      time:8            time:9           time:10
      main              main             main
      load              parse            load
      -                 token            -
    `),
    { minShare: 0.15 },
  );
  assert.deepEqual(picture(layout), [
    'all 0+10 self 0',
    ' app 7 0+10 self 0',
    '  main 0+10 self 2',
    '   load 0+8 self 8',
  ]);
  assert.equal(layout.dropped, 3);
});

test('children lie within their parents and beside each other, and the page reads them again', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const layout = layoutChart(randomProfile(seed, 400), { event: seed % 2 });
    const free = layout.x.slice();
    for (let frame = 1; frame < layout.length; frame++) {
      const above = layout.parent[frame];
      const end = layout.x[frame] + layout.weight[frame];
      assert.ok(layout.weight[frame] > 0);
      assert.ok(end <= layout.x[above] + layout.weight[above] + 1e-6);
      if (above > 0) assert.ok(layout.x[frame] >= free[above]);
      assert.ok(layout.self[frame] >= -1e-6);
      free[above] = end;
    }
    const looks = layout.functions.map(() => '0');
    const decoded = decodeFrames(encodeFrames(layout, looks) as unknown as FlameData);
    for (const column of ['parent', 'depth', 'x', 'weight', 'self'] as const) {
      assert.deepEqual([...decoded[column]], [...layout[column]], `${column} of seed ${seed}`);
    }
  }
});

test('a long recording is shown in steps of time', () => {
  const profile = longProfile(60_000);
  const layout = layoutChart(profile, { minShare: 1 / 6000 });
  assert.ok(layout.step > 0);
  assert.ok(layout.length < 20_000, `${layout.length} frames`);
  for (let frame = 0; frame < layout.length; frame++) {
    assert.equal(layout.weight[frame] % layout.step, 0);
  }
  // A third of each millisecond is `rare`: what took most of a step is seen, what took less is not.
  const shown = new Set(Array.from(layout.func, (func) => layout.functions[func].name));
  assert.ok(shown.has('often'));
  assert.ok(!shown.has('rare'));
  const often = layout.functions.findIndex(({ name }) => name === 'often');
  let time = 0;
  layout.func.forEach((func, frame) => (time += func === often ? layout.weight[frame] : 0));
  assert.ok(time > layout.weight[0] * 0.95);
});

/** One thread: two samples in `often`, one in `rare`, and so on. */
function longProfile(samples: number): Profile {
  const drawn = timed(`
    thread:7/7/app   thread:7/7/app
    weight:1000000   weight:1000000
    time:1           time:2
    main             main
    often            rare
  `);
  const { stack, ...columns } = drawn.samples;
  const row = (i: number): number => (i % 3 === 2 ? 1 : 0);
  const rows = Int32Array.from({ length: samples }, (_, i) => row(i));
  const repeat = <A extends Int32Array | Float64Array | Uint8Array>(column: A): A =>
    (
      column.constructor as unknown as {
        from: (rows: Int32Array, map: (row: number) => number) => A;
      }
    ).from(rows, (one) => column[one]);
  return {
    ...drawn,
    samples: {
      ...columns,
      length: samples,
      thread: repeat(columns.thread),
      comm: repeat(columns.comm),
      cpu: repeat(columns.cpu),
      event: repeat(columns.event),
      weight: repeat(columns.weight),
      truncation: repeat(columns.truncation),
      wait: repeat(columns.wait),
      stack: repeat(stack),
      time: Float64Array.from({ length: samples }, (_, i) => (i + 1) * MS),
    },
  };
}
