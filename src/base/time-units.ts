/** Times of any size with three significant digits. */
import type { Nanoseconds } from './units.js';

/** Units by the names of `python -m timeit` and their common ones. */
export const TIME_UNITS = {
  ns: { size: 1, symbol: 'ns' },
  us: { size: 1e3, symbol: 'µs' },
  ms: { size: 1e6, symbol: 'ms' },
  s: { size: 1e9, symbol: 's' },
  nsec: { size: 1, symbol: 'ns' },
  usec: { size: 1e3, symbol: 'µs' },
  msec: { size: 1e6, symbol: 'ms' },
  sec: { size: 1e9, symbol: 's' },
} as const;

export type TimeUnit = keyof typeof TIME_UNITS;

/** `9.81 µs`, `0.402 ns`, `2346 s`: in the unit that was asked for, or the greatest that is not above the time. */
export function formatTime(time: Nanoseconds, asked?: TimeUnit): string {
  const fitting = (['s', 'ms', 'us'] as const).find((name) => time >= TIME_UNITS[name].size);
  const { size, symbol } = TIME_UNITS[asked ?? fitting ?? 'ns'];
  const value = time / size;
  return `${value >= 100 ? Math.round(value) : value.toPrecision(3)} ${symbol}`;
}
