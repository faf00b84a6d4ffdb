/**
 * `strata report --stdio` and `perf report --stdio` of the same recordings: the same rows, in the same order,
 * with the same numbers. What is meant to differ is left out of the comparison:
 *
 * - names: perf keeps the versions of symbols (`fopen@@GLIBC_2.2.5`), and names Python's functions `py::f:FILE`;
 * - code without a symbol: perf has a row per address, Strata one per function;
 * - the time that threads were off their CPUs, for which perf has no column.
 *
 * Not compared: --dsos, --symbols and --comms with rows of samples of which some pass and some do not, which
 * perf shows or leaves out as a whole, by the first of them; --symbol-filter, which it applies to one event.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';

import { onOneOfThree } from '../testing/again.js';
import { run, strata } from '../testing/cli.js';
import { needsPerf, perfRecord } from '../testing/perf.js';
import { perfPythons, programPath, Workplace } from '../testing/recordings.js';

const COMMON = ['--stdio', '--no-inline', '-g', 'none'];

/** Threads that change their names, a child, page faults, recursion. */
const PROGRAM = `
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile long sink;
__attribute__((noinline)) void spin(long n) { for (long i = 0; i < n; i++) sink += i; }
__attribute__((noinline)) void twist(long n) { for (long i = 0; i < n; i++) sink ^= i; }
__attribute__((noinline)) int fib(int n) { if (n < 2) { spin(200); return n; } return fib(n - 1) + fib(n - 2); }
__attribute__((noinline)) void pages(void) { char *p = malloc(4 << 20); memset(p, 1, 4 << 20); free(p); }
__attribute__((noinline)) void work(int k) {
  for (int i = 0; i < k; i++) { spin(500000); twist(1000000); fib(16); pages(); usleep(100); }
}
static void *thread(void *arg) {
  prctl(PR_SET_NAME, "worker"); work(8);
  prctl(PR_SET_NAME, "later"); work(4);
  return arg;
}
int main(void) {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) pthread_create(threads + i, 0, thread, 0);
  if (!fork()) { prctl(PR_SET_NAME, "child"); work(8); _exit(0); }
  work(4);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
  wait(0);
}
`;

/** Without names of functions, which differ for Python's. */
const WITHOUT_SYMBOLS = [
  '-s pid,dso --no-children',
  '-s time,cpu --no-children',
  '--hierarchy -s comm,dso --show-cpu-utilization',
];
const WITH_CHAINS = [
  ...WITHOUT_SYMBOLS,
  '--children',
  '--no-children -n --show-total-period',
  '--hierarchy -s pid,sym --percent-limit 12 -n',
  '-F sym,overhead,period -s comm',
  '-s time --time-quantum 50ms --no-children',
  '--comms worker --dsos rows --no-children',
  '--comms worker,child --no-children --percentage relative',
  '--symbols spin,fib --no-children --percentage relative',
  '--symbol-filter tw --no-children',
  '--cpu 0 --no-children',
  '-p main -s sample,parent,sym',
  '-s parent --parent ^fib$ --no-children -n',
];

suite('rows are perf’s', () => {
  const workplace = new Workplace();
  let program = '';
  before(() => {
    const source = workplace.path('rows.c');
    program = workplace.path('rows');
    writeFileSync(source, PROGRAM);
    execFileSync('cc', ['-O1', '-g', '-fno-omit-frame-pointer', '-pthread', '-o', program, source]);
  });
  after(() => {
    workplace.close();
  });

  const samePerf = (name: string, record: readonly string[], flags: readonly string[]): void => {
    test(name, async (t) => {
      if (!needsPerf(t)) return;
      const file = workplace.path('perf.data');
      await onOneOfThree(async () => {
        perfRecord(file, [...record, '--sample-cpu', program]);
        for (const line of flags) await assertSame(file, line);
      });
    });
  };

  const clock = ['-F', '1999', '-e', 'cpu-clock'];
  samePerf('with frame pointers', [...clock, '-g'], WITH_CHAINS);
  const two = 'cpu-clock,page-faults';
  const sideBySide = ['--group --no-children -n', '--group --hierarchy'];
  samePerf('of several events', ['-F', '1999', '-e', two], ['--children', ...sideBySide]);
  const apart = '--no-group -s sym --no-children';
  samePerf('of a group', ['-F', '1999', '-e', `{${two}}`], ['-s +pid -n', '--hierarchy', apart]);
  samePerf('of page faults', ['-e', 'page-faults', '-c', '1'], ['-n', '--hierarchy -s dso,sym']);
  samePerf('with copied stacks', [...clock, '--call-graph', 'dwarf,4096'], ['--no-children -n']);

  test('of Strata’s own recording of time on and off the CPU', async (t) => {
    if (!needsPerf(t)) return;
    const { file } = await workplace.record('own.data', [program], ['--off-cpu', '-F', '999']);
    for (const line of ['--no-children', '-s +cpu -n', '--hierarchy -s sym,pid']) {
      await assertSame(file, line);
    }
  });

  test('of Python functions', async (t) => {
    const python = perfPythons().at(-1);
    if (!needsPerf(t) || python === undefined) return;
    const { file } = await workplace.record('py.data', [python.path, programPath('short.py')]);
    for (const line of WITHOUT_SYMBOLS) await assertSame(file, line);
  });

  /** Compares what both print with some flags. */
  async function assertSame(file: string, line: string): Promise<void> {
    const argv = ['report', '-i', file, ...COMMON, ...line.split(' ')];
    const options = { cwd: workplace.folder, env: workplace.environment };
    const [theirs, ours] = await Promise.all([run('perf', argv, options), strata(argv, options)]);
    assert.equal(ours.code, 0, `${line}: ${ours.stderr}`);
    const expected = rowsOf(theirs.stdout);
    assert.ok(expected.length > 0, `${line}: perf has no rows`);
    assert.deepEqual(rowsOf(ours.stdout), expected, line);
  }
});

/** The rows without what is meant to differ. */
function rowsOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .filter(
      (line) =>
        !/ \[[.k]\] (?:(?:0x)?[0-9a-f]{16}|\[|\S+\+0x|\S*@plt|_(?:init|start|dl_start_user)\b)/.test(
          line,
        ),
    )
    .map((line) =>
      line
        .replace(/\[kernel\.kallsyms\]/, '[kernel]')
        .replace(/\[python\]|code-names-[0-9a-f]+/, '[python]')
        .replace(/(\[\.\] \S+?)@@?GLIBC_\S+/, '$1')
        .replace(/(%) +[\d.]+ (?:s|ms|µs|ns)(?= )/, '$1')
        .replace(/(\S) +/g, '$1 ')
        .trimEnd(),
    );
}
