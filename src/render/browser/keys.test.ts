import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KeyDecoder, type InputEvent } from './keys.js';

function words(events: readonly InputEvent[]): string[] {
  return events.map((event) => {
    if (event.kind === 'key') return event.key;
    if (event.kind === 'paste') return `paste ${event.text}`;
    return `${event.what} ${event.x},${event.y}`;
  });
}

const TYPED =
  'jé漢🎉\r\t\x7f\x03\x1b[A\x1b[B\x1bOC\x1b[1;5D\x1b[H\x1b[4~\x1b[5~\x1b[Z\x1bOP\x1b[[A' +
  '\x1b[<64;3;4M\x1b[<0;10;20M\x1b[<0;10;20m\x1b[<16;1;1M\x1b[200~a\x1b[Ab\n\x1b[201~q';
const MEANT = [
  ...['j', 'é', '漢', '🎉', 'enter', 'tab', 'backspace', 'ctrl-c', 'up', 'down', 'right', 'left'],
  ...['home', 'end', 'page-up', 'shift-tab', 'f1', 'f1'],
  ...['wheel-up 2,3', 'press 9,19', 'press 0,0', 'paste a\x1b[Ab\n', 'q'],
];

test('keys, the mouse and what was pasted', () => {
  assert.deepEqual(words(new KeyDecoder().push(TYPED)), MEANT);
});

test('sequences may come in pieces of any size', () => {
  for (let size = 1; size < 8; size++) {
    const decoder = new KeyDecoder();
    const events: InputEvent[] = [];
    // Whole characters: a stream's decoder has joined their bytes.
    const characters = [...TYPED];
    for (let at = 0; at < characters.length; at += size) {
      events.push(...decoder.push(characters.slice(at, at + size).join('')));
    }
    assert.deepEqual(words(events), MEANT, `pieces of ${size}`);
  }
});

test('Escape is a key once nothing follows', () => {
  const decoder = new KeyDecoder();
  assert.deepEqual(words(decoder.push('\x1b')), []);
  assert.ok(decoder.isWaiting);
  assert.deepEqual(words(decoder.flush()), ['escape']);
  assert.deepEqual(words(decoder.push('\x1b\x1b')), ['escape']);
  assert.deepEqual(words(decoder.flush()), ['escape']);
  // With Alt, of no meaning here; nor has half a sequence any.
  assert.deepEqual(words(decoder.push('\x1bxj')), ['j']);
  assert.deepEqual(words(decoder.push('\x1b[1;')), []);
  assert.deepEqual(words(decoder.flush()), []);
});

test('what no terminal sends is passed over, and keys after it are heard', () => {
  for (const rubbish of ['\x1b[999999X', '\x1b[<1;2M', '\x1b[<0;1;99999999M', '\u0085\x00\x1f']) {
    assert.deepEqual(words(new KeyDecoder().push(`${rubbish}j`)), ['j'], JSON.stringify(rubbish));
  }
  // A sequence that a control character breaks off; one without an end; a paste without one.
  assert.deepEqual(words(new KeyDecoder().push('\x1b[12\x03')), ['ctrl-c']);
  assert.deepEqual(words(new KeyDecoder().push(`\x1b[${'1'.repeat(100)}`)), []);
  const decoder = new KeyDecoder();
  assert.deepEqual(words(decoder.push(`\x1b[${'1'.repeat(100)}`)), []);
  const pasting = new KeyDecoder();
  assert.deepEqual(words(pasting.push(`\x1b[200~${'x'.repeat(3000)}`)), []);
  assert.ok(pasting.isWaiting);
  assert.deepEqual(words(pasting.flush()), [`paste ${'x'.repeat(3000)}`]);
  assert.deepEqual(words(pasting.push('q')), ['q']);
});

test('of a long paste, which comes in pieces, the rest is no keys', () => {
  const decoder = new KeyDecoder();
  const pieces = ['\x1b[200~', ...Array<string>(5).fill('q'.repeat(4095)), 'q\x1b[20', '1~j'];
  const events = pieces.flatMap((piece) => decoder.push(piece));
  assert.deepEqual(words(events), [`paste ${'q'.repeat(4096)}`, 'j']);
});
