/**
 * `strata diff` finds a function that got slower by a tenth in ten seconds at 999 Hz, and tells a program from
 * neither itself nor another run of it.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';

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

/** What each comparison marks, and its exit code. */
const EXPECTED = 'unchanged:  0; unchangedShare:  0; byTime: square+ 1; byShare: square+ 0';

/** Tries, of which each records anew: on a busy machine other load comes and goes while one is recorded. */
const TRIES = 5;

interface Json {
  readonly recordings: readonly { readonly samples: number }[];
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
  const record = (name: string, factor: string) =>
    workplace.record(name, [python.path, program, factor], ['-F', '999']);
  /** What is marked, the number of samples, and the exit code. */
  const diff = async (...argv: string[]) => {
    const { stdout, code } = await strata(['diff', '--json', ...argv], { cwd: workplace.folder });
    const { rows, recordings } = JSON.parse(stdout) as Json;
    const marked = rows.map((row) => `${row.function}${row.changes[0].delta > 0 ? '+' : '-'}`);
    return { marked: marked.join(), samples: recordings[0].samples, code };
  };
  const byShare = ['--normalize', 'total'];
  const limited = ['--fail-above', '5%'];
  const seen: string[] = [];
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const [first, second] = [await record('1.data', '1'), await record('2.data', '1')];
    const slow = await record('3.data', '1.1');
    const itself = await diff(...limited, first.file, first.file);
    assert.deepEqual([itself.marked, itself.code], ['', 0]);
    const found = {
      unchanged: await diff(...limited, first.file, second.file),
      unchangedShare: await diff(...byShare, first.file, second.file),
      byTime: await diff(...limited, first.file, slow.file),
      byShare: await diff(...byShare, first.file, slow.file),
    };
    const words = Object.entries(found).map(
      ([what, { marked, code }]) => `${what}: ${marked} ${code}`,
    );
    if (words.join('; ') === EXPECTED) return;
    seen.push(`of ${itself.samples} samples ${words.join('; ')}`);
  }
  assert.fail(seen.join('\n'));
});
