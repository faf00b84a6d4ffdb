/** Compressed streams: as files hold them whole, and as recordings hold them in pieces. */
import { decompressZstd, ZstdStream } from '../formats/zstd/zstd.js';
import { numbers } from './fields.js';
import { fixtureSeeds, type Target } from './target.js';

const MAX_SIZE = 1 << 22;
const PIECE = 50;

export const ZSTD_TARGET: Target = {
  format: 'zstd',
  seeds: () => fixtureSeeds('zstd', /\.zst$/, (bytes) => numbers(0, bytes.length, 1)),
  run: (bytes) => {
    const stream = new ZstdStream(() => {});
    for (let at = 0; at < bytes.length; at += PIECE) stream.push(bytes.subarray(at, at + PIECE));
    decompressZstd(bytes, MAX_SIZE);
  },
};
