import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { FormatError } from '../../base/errors.js';
import { readFixture } from '../../testing/fixtures.js';
import { decompressZstd, ZstdStream } from './zstd.js';

const MAX_SIZE = 1 << 20;

const seq = (first: number, last: number): string =>
  Array.from({ length: last - first + 1 }, (_, i) => `${first + i}\n`).join('');
const flushedPiece = (piece: number): string =>
  Array.from(
    { length: 100 },
    (_, i) => `${Number((BigInt(piece * 100 + i) * 62710561n) % 1000003n)}: sample\n`,
  ).join('');

/** The files of `fixtures/zstd`, and what they hold. */
const FIXTURES: Readonly<Record<string, Uint8Array>> = {
  empty: Buffer.alloc(0),
  zeros: Buffer.alloc(300000),
  checked: Buffer.from(seq(1, 400)),
  digits: Buffer.from(Array.from({ length: 800 }, (_, i) => ((i ** 3 % 1009) % 7) % 3)),
  frames: Buffer.from(seq(1, 100)),
  flushed: Buffer.from([0, 1, 2, 3].map(flushedPiece).join('')),
};

const fixture = (name: string): Uint8Array => readFixture(`zstd/${name}.zst`);

/** A stream that collects what it decodes. */
function collecting(): { stream: ZstdStream; parts: Buffer[]; all: () => Buffer } {
  const parts: Buffer[] = [];
  const stream = new ZstdStream((bytes) => parts.push(Buffer.from(bytes)));
  return { stream, parts, all: () => Buffer.concat(parts) };
}

describe('decodes what zstd wrote', () => {
  for (const [name, content] of Object.entries(FIXTURES)) {
    test(name, () => {
      const bytes = fixture(name);
      assert.deepEqual(Buffer.from(decompressZstd(bytes, MAX_SIZE)), content);
      assert.deepEqual(Buffer.from(decompressZstd(bytes, content.length)), content);
      if (content.length > 0) {
        assert.throws(() => decompressZstd(bytes, content.length - 1), FormatError);
      }
      for (const size of [1, 2, 3, 7, 100, 5000]) {
        const { stream, all } = collecting();
        for (let at = 0; at < bytes.length; at += size) stream.push(bytes.subarray(at, at + size));
        stream.end();
        assert.deepEqual(all(), content);
      }
    });
  }
});

test('blocks are put out as soon as they are complete', () => {
  const { stream, parts } = collecting();
  for (const byte of fixture('flushed')) stream.push(Uint8Array.of(byte));
  assert.deepEqual(
    parts.map((part) => part.toString()),
    [0, 1, 2, 3].map(flushedPiece),
  );
});

test('a stream cut at any byte gives a beginning, and only whole frames end well', () => {
  for (const [name, content] of Object.entries(FIXTURES)) {
    const bytes = fixture(name);
    let ends = 0;
    for (let length = 0; length < bytes.length; length++) {
      const { stream, all } = collecting();
      stream.push(bytes.subarray(0, length));
      const got = all();
      assert.ok(got.equals(content.subarray(0, got.length)));
      try {
        stream.end();
        ends++;
        assert.deepEqual(Buffer.from(decompressZstd(bytes.subarray(0, length), MAX_SIZE)), got);
      } catch (error) {
        assert.ok(error instanceof FormatError);
        assert.throws(() => decompressZstd(bytes.subarray(0, length), MAX_SIZE), FormatError);
      }
    }
    assert.equal(ends, name === 'frames' ? 4 : 1, name); // before each frame
  }
});

test('any bit may be wrong', () => {
  for (const name of Object.keys(FIXTURES)) {
    const bytes = fixture(name);
    let refused = 0;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      try {
        assert.ok(decompressZstd(bytes, MAX_SIZE).length <= MAX_SIZE);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
        refused++;
      }
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
    assert.ok(refused > 32, name); // the magic number at least
  }
});

/** A frame with a window of 128 KiB, of blocks by type and bytes. */
function frameOf(
  ...blocks: readonly (readonly [type: number, bytes: readonly number[]])[]
): Buffer {
  const parts = [Buffer.from('28b52ffd0038', 'hex')];
  blocks.forEach(([type, bytes], i) => {
    const header = Buffer.alloc(3);
    const isLast = i === blocks.length - 1 ? 1 : 0;
    header.writeUIntLE((bytes.length << 3) | (type << 1) | isLast, 0, 3);
    parts.push(header, Buffer.from(bytes));
  });
  return Buffer.concat(parts);
}

const START = [...Buffer.from('abcdefgh')];
/** So many sequences that take no bits at all: no literals, an offset used before, 34 bytes. */
const repeats = (count: number): number[] => {
  const rest = count - 0x7f00;
  return [0, 0xff, rest & 0xff, rest >> 8, 0x54, 0, 0, 31, 1];
};

describe('blocks that no encoder writes', () => {
  test('literals of one value', () => {
    const frame = frameOf([2, [(5 << 3) | 1, 0x78, 0]], [2, [(6 << 3) | 1, 0x79, 0]]);
    assert.equal(Buffer.from(decompressZstd(frame, 100)).toString(), 'xxxxxyyyyyy');
  });

  test('codes of one value', () => {
    const frame = frameOf([0, START], [2, [0, 100, 0x54, 0, 0, 31, 1]]);
    const content = [...START];
    // The second of the recent offsets 1, 4, 8, which then is the first.
    for (let i = 0; i < 100; i++) {
      for (let k = 0; k < 34; k++) content.push(content[content.length - (i % 2 === 0 ? 4 : 1)]);
    }
    assert.deepEqual([...decompressZstd(frame, MAX_SIZE)], content);
  });

  test('a few bytes that say megabytes', () => {
    const frame = frameOf([0, START], [2, repeats(0x7f00 + 0xffff)]);
    assert.throws(() => decompressZstd(frame, 1 << 30), /the end of the block, found more/);
    const { stream, all } = collecting();
    assert.throws(() => stream.push(frame), FormatError);
    assert.equal(all().toString(), 'abcdefgh');
  });

  test('a copy from before the frame', () => {
    const frame = frameOf([2, [0, 1, 0x54, 0, 0, 31, 1]]);
    const both = Buffer.concat([frameOf([0, START]), frame]);
    for (const bytes of [frame, both]) {
      assert.throws(() => decompressZstd(bytes, MAX_SIZE), /an offset of at most 0, found 4/);
    }
  });

  test('an offset of 2 GiB', () => {
    const frame = frameOf([0, START], [2, [0, 1, 0x54, 0, 31, 0, 0, 0, 0, 0, 1]]);
    assert.throws(() => decompressZstd(frame, MAX_SIZE), /a code up to 30, found 31/);
  });

  test('tables that no block before had', () => {
    const treeless = frameOf([2, [0x13, 0x40, 0, 1, 0]]);
    assert.throws(() => decompressZstd(treeless, 100), /a Huffman table before/);
    const repeated = frameOf([0, START], [2, [0, 1, 0xfc, 1]]);
    assert.throws(() => decompressZstd(repeated, 100), /a table before/);
  });
});

test('memory is taken as output comes, not as headers ask', () => {
  const frame = frameOf([0, START], [0, []]);
  frame[5] = 17 << 3; // a window of 128 MiB
  const before = process.memoryUsage().arrayBuffers;
  const { stream, all } = collecting();
  stream.push(frame);
  assert.equal(all().toString(), 'abcdefgh');
  assert.ok(process.memoryUsage().arrayBuffers - before < 4 << 20);
  frame[5]++;
  assert.throws(() => collecting().stream.push(frame), /a window of at most 134217728/);
});

test('damage is told with its place', () => {
  const frame = frameOf([0, START], [2, [0, 1, 1, 1]]);
  const place = (bytes: Uint8Array): string => {
    try {
      collecting().stream.push(bytes);
    } catch (error) {
      return (error as FormatError).message;
    }
    return '';
  };
  const said = 'expected reserved bits of zero, found 1';
  assert.equal(place(frame), `zstd: sequences at byte 22: ${said}`);
  const skippable = Buffer.from('502a4d1803000000616263', 'hex');
  assert.equal(place(Buffer.concat([skippable, frame])), `zstd: sequences at byte 33: ${said}`);
});
