/**
 * Zstandard (RFC 8878), as `perf record -z` and compressed sections of ELF files have it. There are no
 * dictionaries, and the checksums of frames are passed over: neither of the two writes any.
 */
import type { Bytes } from '../../base/units.js';
import { FrameDecoder } from './frames.js';
import { SlidingWindow, WholeOutput, type Sink } from './window.js';

/** What `zstd` itself takes without being asked for more (`--long=27`); `perf record -z22` uses it. */
const MAX_WINDOW: Bytes = 128 << 20;

/** Frames that come in pieces, cut anywhere. */
export class ZstdStream {
  private readonly window: SlidingWindow;
  private readonly frames: FrameDecoder;

  /** @param sink gets what was decoded, in memory that is used again after the call */
  constructor(sink: Sink) {
    this.window = new SlidingWindow(sink);
    this.frames = new FrameDecoder(this.window, MAX_WINDOW);
  }

  /**
   * Decodes all blocks that are complete with `bytes`; they have gone to the sink when it returns.
   * @throws FormatError where the bytes are damaged; what stands before the damage went to the sink
   */
  push(bytes: Uint8Array): void {
    try {
      this.frames.push(bytes);
    } finally {
      this.window.flush();
    }
  }

  /** Where a stream must be whole, which perf's never is. @throws FormatError if it ends within a frame */
  end(): void {
    this.frames.end();
  }
}

/** Decodes whole frames. @throws FormatError where they are damaged or hold more than `maxSize` bytes */
export function decompressZstd(bytes: Uint8Array, maxSize: Bytes): Uint8Array {
  const output = new WholeOutput(maxSize);
  const frames = new FrameDecoder(output, Math.max(MAX_WINDOW, maxSize));
  frames.push(bytes);
  frames.end();
  return output.bytes.subarray(0, output.end);
}
