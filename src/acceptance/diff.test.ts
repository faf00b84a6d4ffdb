/**
 * `strata diff` finds a function that got slower by a tenth in ten seconds at 999 Hz, and tells a program from
 * neither itself nor another run of it.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { strata } from '../testing/cli.js';
import { requirePython } from '../testing/pythons.js';
import { Workplace } from '../testing/recordings.js';

const workplace = new Workplace();
after(() => workplace.close());

/** Five functions in turn, a millisecond each: of fixed work, whose share the machine's load leaves alone. */
const PROGRAM = `
import sys
def square(n):
    total = 0
    for i in range(n): total += i * i % 7
    return total
def loop(n):
    x = 0.5
    for i in range(n): x = x * 3.9 * (1 - x)
    return x
def table(n):
    found = {}
    for i in range(n): found[i % 100] = i
    return found
def texts(n): return [str(i) for i in range(n)]
def order(n): return sorted(range(n, 0, -1), key=abs)
factor = float(sys.argv[1])
for _ in range(1900):
    square(int(40000 * factor)); loop(8000); table(12000); texts(6000); order(8000)
`;

/** By what factor one function is slower than before, how that is compared, what is marked, and the exit code. */
const COMPARISONS = [
  ['1', ['--fail-above', '5%'], '', 0],
  ['1', ['--normalize', 'total'], '', 0],
  ['1.1', ['--fail-above', '5%'], 'square+', 1],
  ['1.1', ['--normalize', 'total'], 'square+', 0],
] as const;

/** Tries, of which each records anew: on a busy machine other load comes and goes while one is recorded. */
const TRIES = 8;

interface Json {
  readonly rows: readonly {
    readonly function: string;
    readonly changes: { readonly delta: number }[];
  }[];
}

test('a tenth is found by time and by shares, and nothing where nothing changed', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const program = workplace.path('program.py');
  writeFileSync(program, PROGRAM);
  const record = async (name: string, factor: string) =>
    (await workplace.record(name, [python.path, program, factor], ['-F', '999'])).file;
  /** What is marked, and the exit code. */
  const diff = async (...argv: string[]) => {
    const { stdout, code } = await strata(['diff', '--json', ...argv], { cwd: workplace.folder });
    const { rows } = JSON.parse(stdout) as Json;
    const marked = rows.map((row) => `${row.function}${row.changes[0].delta > 0 ? '+' : '-'}`);
    return [marked.join(), code];
  };
  let awaited: readonly (typeof COMPARISONS)[number][] = COMPARISONS;
  for (let attempt = 1; attempt <= TRIES && awaited.length > 0; attempt++) {
    const before = await record('before.data', '1');
    assert.deepEqual(await diff('--fail-above', '5%', before, before), ['', 0]);
    const recorded = new Map<string, string>();
    const unseen: (typeof COMPARISONS)[number][] = [];
    for (const comparison of awaited) {
      const [factor, flags, ...expected] = comparison;
      const later = recorded.get(factor) ?? (await record(`after ${factor}.data`, factor));
      recorded.set(factor, later);
      const found = await diff(...flags, before, later);
      if (isDeepStrictEqual(found, expected)) continue;
      unseen.push(comparison);
      t.diagnostic(`${factor} times, ${flags.join(' ')}: ${found.join(' ')}`);
    }
    awaited = unseen;
  }
  assert.deepEqual(awaited, []);
});
