/**
 * Printed call chains, each put together once while there is room to keep it: what a chain of the same
 * words prints in the same state of its process is the same text.
 */
import { Int32Column } from '../../../base/growable.js';
import { isExactAddress } from '../../../base/units.js';
import { AddressKind, isUserContext, type CallChains } from '../../../session/call-chains.js';
import { ChainCache } from '../../../session/chain-cache.js';
import type { Process } from '../../../session/processes.js';
import { copy, type ByteWriter } from './byte-writer.js';
import type { FrameLines } from './frame-lines.js';

/** Bytes of text kept. Programs with more have few chains that come again. */
const CAPACITY = 32 << 20;

export class ChainTexts {
  private cache = new ChainCache();
  private readonly ends = new Int32Column();
  private kept = Buffer.alloc(1 << 16);
  private used = 0;

  /**
   * @param lines of the frames
   * @param maxFrames of the recorded chain, and again of an unwound stack, as with perf
   */
  constructor(
    private readonly chains: CallChains,
    private readonly lines: FrameLines,
    private readonly maxFrames = Infinity,
  ) {}

  /** Writes the lines of the chain that `chains` has just read. */
  write(out: ByteWriter, process: Process): void {
    const { words, at, length, kind } = this.chains;
    const { generation } = process.space;
    if (!this.cache.find(words, at, length, generation, kind)) {
      if (this.used > CAPACITY) {
        this.forget();
        this.cache.find(words, at, length, generation, kind);
      }
      this.put(process);
      this.cache.add(words, at, length, generation, kind, this.ends.push(this.used), 0);
    }
    const text = this.cache.stack;
    const start = text === 0 ? 0 : this.ends.data[text - 1];
    out.bytes(this.kept.subarray(start, this.ends.data[text]));
  }

  /** Appends the chain's text to what is kept. */
  private put(process: Process): void {
    const { chains, lines, maxFrames } = this;
    const { addresses, places, contexts, words, wordsOf } = chains;
    const count = chains.split();
    const isUnwound = chains.kind === AddressKind.CallInUser;
    let left = maxFrames;
    for (let i = 0; i < count; i++) {
      const context = contexts[i];
      if (isUnwound && i > 0 && isUserContext(context) && !isUserContext(contexts[i - 1])) {
        left = maxFrames;
      }
      if (left-- <= 0) continue;
      const word = wordsOf[i];
      const line = isExactAddress(addresses[i])
        ? lines.line(process, context, addresses[i], places[i])
        : lines.noAddress(words[word], words[word + 1]);
      if (this.used + line.length > this.kept.length) this.grow(line.length);
      copy(line, this.kept, this.used);
      this.used += line.length;
    }
  }

  private forget(): void {
    this.cache = new ChainCache();
    this.ends.length = 0;
    this.used = 0;
  }

  private grow(room: number): void {
    const grown = Buffer.alloc(Math.max(this.kept.length * 2, this.used + room));
    grown.set(this.kept.subarray(0, this.used));
    this.kept = grown;
  }
}
