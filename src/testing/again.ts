/** Tests of what depends on how a machine shares its time. */
import { AssertionError } from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

const ATTEMPTS = 4;

/**
 * A test that relates two clocks, or samples to a clock. A virtual machine's CPU may stand still for a fifth of a
 * second, which is charged to whoever runs there and not sampled: where the figures are off, everything is run
 * anew, four times at most. What is really wrong is wrong each time.
 */
export function steadyTest(name: string, check: (t: TestContext) => Promise<void>): void {
  void test(name, (t) =>
    again(
      ATTEMPTS,
      () => check(t),
      ({ message }) => t.diagnostic(`run again: ${message}`),
    ),
  );
}

/**
 * Some few stacks the two name differently by design, and not all kinds of them can be told beforehand: what
 * differs on one recording must agree on another, made anew by `check`.
 */
export function onOneOfThree(check: () => Promise<void>): Promise<void> {
  return again(3, check);
}

async function again(
  attempts: number,
  check: () => Promise<void>,
  told?: (error: AssertionError) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await check();
    } catch (error) {
      if (!(error instanceof AssertionError) || attempt === attempts) throw error;
      told?.(error);
    }
  }
}
