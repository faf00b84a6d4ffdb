/** Call graphs of `strata report` against those of the machine's perf, on the same recordings. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';

import { needsPerf, perfRecord } from '../testing/perf.js';
import { skipOrFail } from '../testing/pythons.js';
import { perfPythons, programPath, Recording, Workplace } from '../testing/recordings.js';

const workplace = new Workplace();
after(() => workplace.close());

/** perf cuts stacks at 127 frames, if not told; names of what was inlined are compared elsewhere. */
const WHOLE = ['--no-inline', '--max-stack', '4096'];

/** perf's flags; each kind of drawing in each order, with each value and some limits. */
const FLAGS: readonly string[] = [
  '-s comm,sym',
  '-g fractal,5,callee',
  '-g fractal,count,2 -G --no-children',
  '-g flat,2,callee,period --no-children',
  '-g folded,0,callee',
  '-g graph,2,2,period',
  '--hierarchy -g fractal,3',
  '--max-stack 4 -g caller,0,count --no-children',
];

/** Of Python functions, which perf names `py::f:FILE`. */
const PYTHON_FLAGS: readonly string[] = [
  '',
  '-g fractal,5 --no-children',
  '-g flat,2',
  '-g folded,1,callee',
];

/** Stacks that were copied are cut another way. */
const COPIED_FLAGS: readonly string[] = ['--max-stack 6', '--max-stack 6 -g callee --no-children'];

/** A row and its graph, in an order that does not depend on how equal weights are sorted. */
interface Block {
  readonly row: string;
  readonly graph: readonly string[];
}

/** Reads the text of a report: rows have a percentage in their first column, set in by less than a graph is. */
function readBlocks(text: string): Block[] {
  const blocks: { row: string; graph: string[] }[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    const isRow = /^ {2,8}\d+\.\d\d%.* {2}\S/.test(line);
    if (isRow) blocks.push({ row: nameAlike(line.trim().replaceAll(/ {2,}/g, '  ')), graph: [] });
    else blocks.at(-1)?.graph.push(nameAlike(line.replaceAll('|', ' ').trimEnd()));
  }
  for (const { graph } of blocks) graph.sort();
  return blocks.sort((a, b) => (a.row < b.row ? -1 : a.row > b.row ? 1 : 0));
}

/** What the two name differently: the kernel, versions of symbols, Python's functions; perf's `[...] (inlined)`. */
function nameAlike(line: string): string {
  return line
    .replaceAll('[kernel.kallsyms]', '[kernel]')
    .replaceAll(/@@?[A-Z][\w.]+/g, '')
    .replaceAll(/py::([^:;]*):(?:<[^;>]*>|[^;]*?\.py\b)/g, '$1')
    .replaceAll(/\[python\]|code-names-[0-9a-f]+/g, '[python]')
    .replaceAll('[...] (inlined)', '[...]');
}

/**
 * Of what it has no name for perf tells addresses apart, where Strata knows the functions' starts or stubs. The
 * loader's first call returns to where the next symbol begins, by which perf names the caller.
 */
function isNamed({ row, graph }: Block): boolean {
  if (row.includes('ld-linux')) return false;
  return [row, ...graph].every((line) => !/\b0x[0-9a-f]+|[0-9a-f]{16}|@plt|\b_init\b/.test(line));
}

async function compare(recording: Recording, flags: string): Promise<void> {
  const words = flags.split(' ').filter(Boolean);
  const own = words.includes('--max-stack') ? ['--no-inline'] : WHOLE;
  const [ours, theirs] = await Promise.all([
    recording.strata('report', '--stdio', ...own, ...words),
    recording.perf('report', '--stdio', ...own, ...words),
  ]);
  const blocks = readBlocks(theirs).filter(isNamed);
  assert.ok(blocks.length > 3, theirs);
  const ofRow = new Map<string, Block[]>();
  for (const block of readBlocks(ours)) {
    ofRow.set(block.row, [...(ofRow.get(block.row) ?? []), block]);
  }
  for (const block of blocks) {
    const found = ofRow.get(block.row) ?? [];
    const isSame = found.some(({ graph }) => graph.join('\n') === block.graph.join('\n'));
    // What perf tells apart by address may be below its limit.
    if (!isSame && (found.length === 0 || found.every(isNamed)))
      assert.deepEqual(found, [block], flags);
  }
}

test('call graphs of a C program with recursion, threads and system calls are perf’s', async (t) => {
  const recording = recordChains(t, 'chains.data', ['-fno-omit-frame-pointer'], ['-g']);
  if (recording === undefined) return;
  for (const flags of FLAGS) await compare(recording, flags);
});

/**
 * Without frame pointers: behind `leave`, at the `ret` of a function that has one, the unwind row still has
 * %rbp below the stack pointer, which no copy holds. perf ends the stack at the next frame that needs %rbp;
 * Strata takes it from its register.
 */
test('stacks that were copied are cut as perf cuts them', async (t) => {
  const copies = ['--call-graph', 'dwarf,32768'];
  const recording = recordChains(t, 'copied.data', ['-fomit-frame-pointer'], copies);
  if (recording === undefined) return;
  for (const flags of COPIED_FLAGS) await compare(recording, flags);
});

/**
 * Where names are unique in their file: code objects of one name (`<lambda>`) are a row each with perf, which
 * nobody can tell apart, and one row with Strata.
 */
test('call graphs of Python functions are perf’s', async (t) => {
  const python = perfPythons().find(({ source }) => source === 'pyenv'); // others are stripped
  if (!needsPerf(t)) return;
  if (python === undefined) {
    skipOrFail(t, 'python', 'no interpreter of pyenv’s that knows perf');
    return;
  }
  const program = workplace.path('unique.py');
  writeFileSync(program, UNIQUE);
  const recording = await workplace.record('py.data', [python.path, program], ['-F', '499']);
  for (const flags of PYTHON_FLAGS) await compare(recording, flags);
});

const UNIQUE = `
import json, time
def multiply(n):
    x = 3
    for i in range(n): x = x * 7919 % (10**60)
    return x
def descend(n):
    return multiply(2000) if n == 0 else descend(n - 1) + 1
class Work:
    def run(self):
        return sorted(range(3000), key=self.order)
    def order(self, value):
        return -value
def encode():
    return json.loads(json.dumps(list(range(2000))))
while time.process_time() < 0.7:
    descend(20); Work().run(); encode()
`;

function recordChains(
  t: TestContext,
  name: string,
  pointers: readonly string[],
  stacks: readonly string[],
): Recording | undefined {
  if (!needsPerf(t)) return undefined;
  const program = workplace.path('chains');
  const flags = ['-O1', ...pointers, '-fno-inline', '-pthread'];
  const keep = ['-fno-optimize-sibling-calls', '-fno-ipa-icf'];
  const built = spawnSync('gcc', [...flags, ...keep, '-o', program, programPath('chains.c')]);
  if (built.status !== 0) {
    skipOrFail(t, 'gcc', `cannot build: ${built.error?.message ?? built.stderr.toString()}`);
    return undefined;
  }
  const file = workplace.path(name);
  perfRecord(file, ['-F', '499', '-e', 'cpu-clock', ...stacks, '--', program, '0.3']);
  return new Recording(workplace, file);
}
