/** Comparisons with another program on recordings made just now. */
import { AssertionError } from 'node:assert/strict';

/**
 * Some few stacks the two name differently by design, and not all kinds of them can be told beforehand: what
 * differs on one recording must agree on another, made anew by `check`.
 */
export async function onOneOfThree(check: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await check();
    } catch (error) {
      if (!(error instanceof AssertionError) || attempt === 3) throw error;
    }
  }
}
