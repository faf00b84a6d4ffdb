/** Damaged debug information gives less, never an error: this is where that is decided. */
import { StrataError } from '../../base/errors.js';

/** What `read` returns; `otherwise` where the bytes that it reads are malformed, or cannot be read. */
export function unlessDamaged<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof StrataError) return otherwise;
    throw error;
  }
}

/** Runs `read` as far as it gets: what it found until then is kept. */
export function asFarAsSound(read: () => void): void {
  unlessDamaged(undefined, read);
}
