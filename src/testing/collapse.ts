/**
 * What `perf script | stackcollapse-perf.pl` makes of a text, by the documented behaviour of FlameGraph's
 * script and inferno's `inferno-collapse-perf`: periods are added up per stack, of the first event alone.
 * A program of its own, so that tests compare two.
 */
export function collapse(text: string): string[] {
  const sums = new Map<string, number>();
  let event: string | undefined;
  let comm: string | undefined;
  let period = 1;
  let stack: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    if (line === '') {
      if (comm !== undefined) {
        const key = [comm, ...stack].join(';');
        sums.set(key, (sums.get(key) ?? 0) + period);
      }
      comm = undefined;
      stack = [];
      continue;
    }
    const head = /^(\S.+?)\s+\d+(?:\/\d+)?\s+/.exec(line);
    if (head !== null) {
      const said = /:\s*(\d+)?\s+(\S+):\s*$/.exec(line);
      event ??= said?.[2];
      if (said !== null && said[2] !== event) continue;
      period = Number(said?.[1] ?? 1);
      comm = head[1].replaceAll(' ', '_');
      continue;
    }
    const frame = /^\s*\w+\s*(.+) \((.*)\)/.exec(line);
    if (frame === null || comm === undefined) continue;
    stack = [...namesOf(frame[1].replace(/\+0x[\da-f]+$/, ''), frame[2]), ...stack];
  }
  return [...sums].map(([key, sum]) => `${key} ${sum}`).sort();
}

function namesOf(symbol: string, dso: string): string[] {
  if (symbol.startsWith('(')) return [];
  if (symbol === '[unknown]') {
    return [dso === '[unknown]' ? '[unknown]' : `[${dso.replace(/^.*\//, '')}]`];
  }
  const parts = symbol.split('->').map((part) => {
    const name = part.replaceAll(';', ':');
    const isGo = /\.\(.*\)\./.test(name);
    return (isGo ? name : name.replace(/\((?!anonymous namespace\)).*/, '')).replace(/["']/g, '');
  });
  while (parts.at(-1) === '') parts.pop();
  return parts.map((name, i) => (i === 0 ? name : `${name}_[i]`));
}
