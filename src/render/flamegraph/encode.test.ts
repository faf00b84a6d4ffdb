import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile } from '../../testing/drawn.js';
import { encodeFrames } from './encode.js';
import { layoutFlameGraph } from './layout.js';
import { decodeFrames, type FlameData } from './page/data.js';

const PICTURE = `
  weight:3000000    weight:1000000   weight:2000000      weight:4000000
  main[python]      main[python]     main[python]        start_thread[libc.so.6]
  parse[python]     load[python]     parse[python]       poll[kernel]
  parse[python]     read[kernel]     parse[python]
  -                 -                -
  -                 -                leaf[python]
`;

for (const minShare of [0, 0.15, 0.5]) {
  test(`the page reads the frames that were laid out (dropping below ${minShare})`, () => {
    const layout = layoutFlameGraph(drawProfile(PICTURE), { minShare });
    const encoded = encodeFrames(
      layout,
      layout.functions.map(() => '0'),
    );
    const frames = decodeFrames(encoded as FlameData);
    assert.equal(encoded.unit, 1_000_000);
    assert.deepEqual([...frames.parent], [...layout.parent]);
    assert.deepEqual([...frames.depth], [...layout.depth]);
    assert.deepEqual([...frames.x], [...layout.x]);
    assert.deepEqual([...frames.weight], [...layout.weight]);
    assert.deepEqual([...frames.self], [...layout.self]);
    for (let frame = 0; frame < frames.length; frame++) {
      const { name, where } = layout.functions[layout.func[frame]];
      const func = frames.func[frame];
      assert.equal(encoded.names[func], name);
      assert.equal(encoded.places[parseInt(encoded.place.split(',')[func], 36)], where);
      let end = frame + 1;
      while (end < frames.length && frames.depth[end] > frames.depth[frame]) end++;
      assert.equal(frames.end[frame], end);
    }
  });
}

test('recursion costs three characters a frame', () => {
  const rows = Array.from({ length: 900 }, () => 'f[python]').join('\n');
  const layout = layoutFlameGraph(drawProfile(rows));
  const encoded = encodeFrames(
    layout,
    layout.functions.map(() => '0'),
  );
  const size = encoded.climb.length + encoded.func.length + encoded.weight.length;
  assert.ok(size < 900 * 3 + 10, `${size} characters`);
});

test('weights that are not whole keep their shares', () => {
  const layout = layoutFlameGraph(
    drawProfile(`
  weight:0.25   weight:0.5
  main          main
  a             b
`),
  );
  const looks = layout.functions.map(() => '0');
  const { weight } = decodeFrames(encodeFrames(layout, looks) as FlameData);
  assert.deepEqual([...weight], [0.75, 0.75, 0.25, 0.5]);
});
