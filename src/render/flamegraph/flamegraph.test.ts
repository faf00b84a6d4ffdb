import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile } from '../../testing/drawn.js';
import { parseMinWidth, renderFlameGraph, type FlameGraphOptions } from './flamegraph.js';

const PICTURE = `
  weight:3000000    weight:1000000   weight:2000000      weight:4000000
  main[python]      main[python]     main[python]        start_thread[libc.so.6]
  parse[python]     load[python]     parse[python]       poll[kernel]
  -                 read[kernel]     parse[python]
`;

function render(options: Partial<FlameGraphOptions> = {}): { svg: string; dropped: number } {
  let svg = '';
  const notes = [{ text: 'The kernel dropped something.', samples: 3 }];
  const { dropped } = renderFlameGraph(
    drawProfile(PICTURE, { unit: 'ns', notes }),
    { title: 'app', ...options },
    (text) => (svg += text),
  );
  return { svg, dropped };
}

/** `name x y width` of the static frames that have a tooltip. */
function rectangles(svg: string): string[] {
  const frame =
    /<g><title>([^\n]*)\n[^]*?<rect class="f\w" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"/g;
  return [...svg.matchAll(frame)].map((match) => match.slice(1).join(' '));
}

test('the static picture draws frames to scale, the root at the bottom', () => {
  const { svg } = render({ width: 1024 });
  assert.deepEqual(rectangles(svg), [
    'all 12 130 999.25',
    'main 12 112 599.25',
    'load 12 94 99.25',
    'read 12 76 99.25',
    'parse 112 94 499.25',
    'parse 112 76 199.25',
    'start_thread 612 112 399.25',
    'poll 612 94 399.25',
  ]);
  assert.match(svg, /<title>parse\napp\.py\n5\.00 ms, 50\.00%, self 30\.00%<\/title>/);
});

test('inverted puts the root on top', () => {
  const { svg } = render({ width: 1024, inverted: true });
  assert.deepEqual(rectangles(svg).slice(0, 3), [
    'all 12 76 999.25',
    'main 12 94 599.25',
    'load 12 112 99.25',
  ]);
});

test('the picture says what each hue is, what it is of, and what could not be known', () => {
  const { svg } = render();
  assert.match(svg, />Python 50\.0%<.*\n.*>native 0\.0%<.*\n.*>kernel 50\.0%</);
  assert.match(svg, />10\.0 ms of cpu-clock in 4 samples</);
  assert.match(svg, />The kernel dropped something\. \(3 samples\)</);
});

test('narrow frames are dropped with what they call, in pixels or as a share, and told', () => {
  assert.equal(render({ minWidth: 0 }).dropped, 0);
  assert.equal(render({ minWidth: '15%' }).dropped, 1);
  const { svg, dropped } = render({ minWidth: 110, width: 1000 });
  assert.equal(dropped, 1);
  assert.match(svg, />1 frame too narrow to show\.</);
  assert.doesNotMatch(svg, />load</);
});

test('a width is pixels or a share', () => {
  assert.equal(parseMinWidth('0.1'), 0.1);
  assert.equal(parseMinWidth('0.50%'), '0.5%');
  for (const wrong of ['', '-1', '%', '1px', 'NaN']) {
    assert.throws(() => parseMinWidth(wrong), /is no width: give pixels/);
  }
});

test('the picture asks for nothing from elsewhere', () => {
  const links = [...render().svg.matchAll(/(?:https?:)?\/\/[\w.]+[^\s"'<]*/g)].map(([url]) => url);
  assert.deepEqual(
    [...new Set(links)].sort(),
    ['http://www.w3.org/1999/xhtml', 'http://www.w3.org/2000/svg'], // names of the two vocabularies
  );
  assert.doesNotMatch(render().svg, /\bimport\(|@import|url\(|fetch\(|XMLHttpRequest|eval\(/);
});
