/** Round times on an axis from `from`, `span` long, at most `most` of them: in nanoseconds, with their texts. */
export function timeTicks(
  from: number,
  span: number,
  most: number,
): { readonly time: number; readonly text: string }[] {
  if (!(span > 0)) return [];
  const least = Math.max(1, span / Math.max(1, most));
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10);
  const end = from + span;
  const [size, unit]: [number, string] =
    end >= 1e9 ? [1e9, 's'] : end >= 1e6 ? [1e6, 'ms'] : end >= 1e3 ? [1e3, 'µs'] : [1, 'ns'];
  const digits = Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9));
  const ticks: { time: number; text: string }[] = [];
  for (let n = Math.ceil(from / step); n * step <= end; n++) {
    ticks.push({ time: n * step, text: `${((n * step) / size).toFixed(digits)} ${unit}` });
  }
  return ticks;
}
