import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Layer } from '../../profile/profile.js';
import { Wait, withWaitFrames } from '../../profile/waits.js';
import { drawProfile } from '../../testing/drawn.js';
import { layoutFlameGraph, WAITING, type FlameLayout } from './layout.js';

/** One line per frame: indented by depth, `name x+width self`. */
function picture(layout: FlameLayout): string[] {
  return Array.from({ length: layout.length }, (_, frame) => {
    const { name } = layout.functions[layout.func[frame]];
    const indent = ' '.repeat(layout.depth[frame]);
    const place = `${layout.x[frame]}+${layout.weight[frame]}`;
    return `${indent}${name} ${place} self ${layout.self[frame]}`;
  });
}

const PROGRAM = `
  weight:3        weight:1       weight:2        weight:4
  main[python]    main[python]   main[python]    start_thread[libc.so.6]
  parse[python]   load[python]   parse[python]   poll[kernel]
  -               read[kernel]   parse[python]
`;

test('stacks are merged by function, siblings sorted by name, frames in preorder', () => {
  const layout = layoutFlameGraph(drawProfile(PROGRAM));
  assert.deepEqual(picture(layout), [
    'all 0+10 self 0',
    ' main 0+6 self 0',
    '  load 0+1 self 0',
    '   read 0+1 self 1',
    '  parse 1+5 self 3',
    '   parse 1+2 self 2',
    ' start_thread 6+4 self 0',
    '  poll 6+4 self 4',
  ]);
  assert.deepEqual([...layout.parent], [-1, 0, 1, 2, 1, 4, 0, 6]);
  assert.equal(layout.maxDepth, 3);
  assert.equal(layout.samples, 4);
  assert.equal(layout.sampleWeight, 0);
  assert.deepEqual([...layout.hueWeight], [5, 0, 0, 5, 0, 0, 0]);
});

test('siblings can be sorted heaviest first', () => {
  const layout = layoutFlameGraph(drawProfile(PROGRAM), { sort: 'weight' });
  assert.deepEqual(
    picture(layout).filter((line) => /^ {1,2}\w/.test(line)),
    [
      ' main 0+6 self 0',
      '  parse 0+5 self 3',
      '  load 5+1 self 0',
      ' start_thread 6+4 self 0',
      '  poll 6+4 self 4',
    ],
  );
});

test('narrow frames are dropped with what they call, and counted; self times stay exact', () => {
  const layout = layoutFlameGraph(drawProfile(PROGRAM), { minShare: 0.2 });
  assert.deepEqual(picture(layout), [
    'all 0+10 self 0',
    ' main 0+6 self 0',
    '  parse 0+5 self 3',
    '   parse 0+2 self 2',
    ' start_thread 6+4 self 0',
    '  poll 6+4 self 4',
  ]);
  assert.equal(layout.dropped, 1);
});

test('threads can be the first level, and do not share frames', () => {
  const layout = layoutFlameGraph(
    drawProfile(`
      thread:7/7/python  thread:7/8/pool  thread:7/8/pool
      main[python]       main[python]     main[python]
      -                  f[python]        -
    `),
    { threads: true },
  );
  assert.deepEqual(picture(layout), [
    'all 0+3 self 0',
    ' pool 8 0+2 self 0',
    '  main 0+2 self 1',
    '   f 0+1 self 1',
    ' python 7 2+1 self 0',
    '  main 2+1 self 1',
  ]);
  assert.equal(layout.functions[layout.func[1]].where, 'thread 8 of process 7');
  assert.equal(layout.sampleWeight, 1);
});

test('one event is drawn; samples without frames are a frame that says so', () => {
  const profile = drawProfile(`
    event:cycles  event:faults  event:cycles
    weight:100    weight:1      weight:50
    main          main          -
  `);
  assert.deepEqual(picture(layoutFlameGraph(profile)), [
    'all 0+150 self 0',
    ' [no stack] 0+50 self 50',
    ' main 50+100 self 100',
  ]);
  assert.deepEqual(picture(layoutFlameGraph(profile, { event: 1 })), [
    'all 0+1 self 0',
    ' main 0+1 self 1',
  ]);
});

test('a profile without samples is a root of no width', () => {
  const layout = layoutFlameGraph(drawProfile('event:other\nmain'), { event: 5 });
  assert.deepEqual(picture(layout), ['all 0+0 self 0']);
});

test('waiting is no time in the kernel', () => {
  const drawn = drawProfile(`
    main[python]         main[python]
    futex_wait[kernel]   read[kernel]
  `);
  const wait = Uint8Array.of(Wait.Lock, Wait.None);
  const profile = withWaitFrames({ ...drawn, samples: { ...drawn.samples, wait } });
  const { functions, hueWeight } = layoutFlameGraph(profile);
  const hues = new Map(functions.map(({ name, hue }) => [name, hue]));
  assert.equal(hues.get('[waits for a lock]'), WAITING);
  assert.equal(hues.get('read'), Layer.Kernel);
  assert.deepEqual([hueWeight[WAITING], hueWeight[Layer.Kernel]], [1, 1]);
});
