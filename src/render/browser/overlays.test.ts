import assert from 'node:assert/strict';
import { test } from 'node:test';

import { span } from './line.js';
import { TextOverlay } from './overlays.js';

test('a text of any number of lines scrolls as far as its longest', () => {
  const lines = Array.from({ length: 300_000 }, (_, line) => [span('x'.repeat(line % 10))]);
  const overlay = new TextOverlay({ title: 'big', lines, at: 0 }, 10);
  for (let i = 0; i < 3; i++) overlay.handle({ kind: 'key', key: 'right' }, 10);
  const [shown] = overlay.lines([[]], 20);
  assert.deepEqual(shown, []);
  overlay.handle({ kind: 'key', key: 'end' }, 10);
  assert.equal(overlay.position(10), '300000/300000');
});
