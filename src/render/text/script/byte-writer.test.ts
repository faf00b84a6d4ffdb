import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addressFrom } from '../../../base/units.js';
import { ByteWriter } from './byte-writer.js';

function written(write: (out: ByteWriter) => void): string {
  let text = '';
  const out = new ByteWriter((bytes) => (text += Buffer.from(bytes).toString('utf8')));
  write(out);
  out.flush();
  return text;
}

test('writes numbers as printf does', () => {
  const numbers = [0, 1, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 10 ** 15, 2 ** 53 - 1];
  for (const number of numbers) {
    for (const width of [0, 3, 10, 18]) {
      assert.equal(
        written((out) => out.decimal(number, width)),
        `${number}`.padStart(width),
      );
      assert.equal(
        written((out) => out.zeroPadded(number, width)),
        `${number}`.padStart(width, '0'),
      );
    }
  }
});

test('writes addresses of both halves of the address space', () => {
  const hex = (address: number, width = 0): string => written((out) => out.hex(address, width));
  assert.equal(hex(0), '0');
  assert.equal(hex(0xf, 4), '   f');
  assert.equal(hex(0x7f00deadbeef, 16), '    7f00deadbeef');
  assert.equal(hex(-0x7f000000, 16), 'ffffffff81000000');
  assert.equal(hex(addressFrom(0x80000000, 0)), '80000000');
  assert.equal(hex(addressFrom(0, 1)), '100000000');
  // What no double holds: text in a register.
  assert.equal(
    written((out) => out.hexWords(0x6e6f732e, 0x68636163)),
    '686361636e6f732e',
  );
});

test('keeps all text over the ends of its buffer', () => {
  const long = 'x'.repeat(300_000);
  const expected: string[] = [];
  const text = written((out) => {
    for (let i = 0; i < 20_000; i++) {
      const piece = `${i}: naïve — ${'y'.repeat(i % 130)}\n`;
      expected.push(piece);
      if (i % 2 === 0) out.text(piece);
      else out.bytes(Buffer.from(piece));
    }
    out.text(long);
    expected.push(long);
  });
  assert.equal(text, expected.join(''));
});
