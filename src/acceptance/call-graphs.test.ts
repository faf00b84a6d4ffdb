/** Call graphs of `strata report` against those of the machine's perf, on the same recordings. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test, type TestContext } from 'node:test';

import { needsPerf, perfRecord } from '../testing/perf.js';
import { skipOrFail } from '../testing/pythons.js';
import { programPath, Recording, Workplace } from '../testing/recordings.js';

const workplace = new Workplace();
after(() => workplace.close());

/** perf cuts stacks at 127 frames, if not told; names of what was inlined are compared elsewhere. */
const WHOLE = ['--no-inline', '--max-stack', '4096'];

/** perf's flags; each kind of drawing in each order, with each value and some limits. */
const FLAGS: readonly string[] = [
  '',
  '--no-children',
  '-g fractal,5,callee',
  '-g fractal,count,2 -G --no-children',
  '-g flat,count',
  '-g flat,2,callee,period --no-children',
  '-g folded,0,callee',
  '-g folded,3,1 --no-children',
  '-g graph,2,2,period',
  '-g caller,0,count --no-children',
  '-s sym -g callee',
  '--hierarchy -g fractal,3',
  '--max-stack 4',
  '--max-stack 4 -g callee --no-children',
];

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

/** What the two name differently: the kernel, and versions of symbols. */
function nameAlike(line: string): string {
  return line.replaceAll('[kernel.kallsyms]', '[kernel]').replaceAll(/@@[\w.]+/g, '');
}

/** Of what it has no name for perf tells addresses apart, where Strata knows the functions' starts. */
function isNamed({ row, graph }: Block): boolean {
  return [row, ...graph].every((line) => !/\b0x[0-9a-f]+/.test(line));
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
    if (!isSame) assert.deepEqual(found, [block], flags);
  }
}

test('call graphs of a C program with recursion, threads and system calls are perf’s', async (t) => {
  const recording = recordChains(t);
  if (recording === undefined) return;
  for (const flags of FLAGS) await compare(recording, flags);
});

function recordChains(t: TestContext): Recording | undefined {
  if (!needsPerf(t)) return undefined;
  const program = workplace.path('chains');
  const flags = ['-O1', '-fno-omit-frame-pointer', '-fno-inline', '-pthread'];
  const keep = ['-fno-optimize-sibling-calls', '-fno-ipa-icf'];
  const built = spawnSync('gcc', [...flags, ...keep, '-o', program, programPath('chains.c')]);
  if (built.status !== 0) {
    skipOrFail(t, 'gcc', `cannot build: ${built.error?.message ?? built.stderr.toString()}`);
    return undefined;
  }
  const file = workplace.path('chains.data');
  perfRecord(file, ['-F', '997', '-e', 'cpu-clock', '-g', '--', program, '0.3']);
  return new Recording(workplace, file);
}
