/**
 * Folded stacks beside those that FlameGraph's and inferno's scripts make of `perf script`'s text, of the same
 * recordings. What differs by design is taken away first: versions behind symbols (`@@GLIBC_2.34`), the
 * loader, whose labels perf takes for functions, stubs without a name (`@plt` with perf), and the vdso, whose
 * symbols perf finds in its build-ID cache alone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';

import { onOneOfThree } from '../testing/again.js';
import { collapse } from '../testing/collapse.js';
import { needsPerf, perfRecord } from '../testing/perf.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';
import { Recording, Workplace } from '../testing/recordings.js';

/** Names of C++ and Rust as their compilers give them, a thread's name with blanks, and time in the kernel. */
const PROGRAM = `
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#define NOINLINE __attribute__((noinline, noclone))
NOINLINE int spin(int n) asm("_ZN12_GLOBAL__N_15Inner4spinEi");
NOINLINE int spin(int n) { volatile int s = 0; for (int i = 0; i < n; i++) s += i; return s; }
NOINLINE int arrow(int n) asm("_ZN3BoxptEv");
NOINLINE int arrow(int n) { return spin(n) + 1; }
NOINLINE int push(int n) asm("_ZNSt6vectorIiSaIiEE9push_backERKi");
NOINLINE int push(int n) { return spin(n) + 2; }
NOINLINE int rust(int n) asm("_ZN4core3fmt5write17h0123456789abcdefE");
NOINLINE int rust(int n) { return spin(n) + 3; }
NOINLINE int kernel(void) { static char b[1 << 15]; return getrandom(b, sizeof b, 0) + 1; }
NOINLINE int touch(void) { char *p = malloc(1 << 20); memset(p, 1, 1 << 20); int r = p[9]; free(p); return r; }
int main(void) {
  int s = 0;
  prctl(PR_SET_NAME, "my app two");
  for (int i = 0; i < 300; i++) s += arrow(40000) + push(60000) + rust(50000) + kernel() + touch();
  return s == 0;
}
`;

/** Of stacks perf prints 127 frames unasked. */
const WHOLE = ['--no-inline', '--max-stack', '4096'];

const place = new Workplace();
after(() => place.close());

/** Builds {@link PROGRAM}; `undefined` where there is no compiler (the test is skipped then). */
function build(t: TestContext, ...flags: string[]): string | undefined {
  const source = place.path('names.c');
  const program = place.path(`names${flags.join('')}`);
  writeFileSync(source, PROGRAM);
  const argv = ['-O1', '-fno-omit-frame-pointer', ...flags, '-o', program, source];
  if (spawnSync('gcc', argv).status === 0) return program;
  skipOrFail(t, 'gcc', 'not installed');
  return undefined;
}

/** Lines from the comm on without what the two name differently by design. */
function comparable(lines: readonly string[]): string[] {
  return lines
    .filter((line) => !/;(?:_dl_|dl_main|rtld|_start;_dl|\[ld-linux)/.test(line))
    .map((line) => line.replace(/@@?[A-Z]+_[\w.]+/g, ''))
    .filter((line) => !/;(?:(?:\*ABS\*\+0x[\da-f]+)?@plt|\[[\w.+-]+\]) \d+$/.test(line))
    .map((line) => line.replaceAll(/;(?:__vdso_\w+|\[\[vdso\]\])/g, ';[vdso]'))
    .sort();
}

async function compare(recording: Recording): Promise<string[]> {
  const text = await recording.perf('script', ...WHOLE);
  const theirs = comparable(collapse(text));
  const argv = ['--folded', '--view', 'full', '--no-inline'];
  const ours = comparable((await recording.strata('flamegraph', ...argv)).trimEnd().split('\n'));
  assert.ok(theirs.length > 3, theirs.join('\n'));
  assert.deepEqual(ours, theirs);
  return ours;
}

test('of a program of C++, Rust and C', async (t) => {
  if (!needsPerf(t)) return;
  const program = build(t);
  if (program === undefined) return;
  const file = place.path('names.data');
  perfRecord(file, ['-e', 'cpu-clock', '-F', '1999', '-g', program]);
  const lines = await compare(new Recording(place, file));
  const all = lines.join('\n');
  // What begins with a bracket the scripts take for a process's name: spin is in what calls it.
  for (const part of [
    /^my_app_two;.*main;Box::operator \d+$/m,
    /;std::vector<int, std::allocator<int> >::push_back \d+$/m,
    /;core::fmt::write \d+$/m,
    /;do_syscall_64;.*get_random_bytes_user/,
  ]) {
    assert.match(all, part);
  }
});

test('of a stripped program', async (t) => {
  await onOneOfThree(async () => {
    if (!needsPerf(t)) return;
    const program = build(t, '-s');
    if (program === undefined) return;
    const file = place.path('stripped.data');
    perfRecord(file, ['-e', 'cpu-clock', '-F', '1999', '-g', program]);
    const recording = new Recording(place, file);
    const text = collapse(await recording.perf('script', ...WHOLE));
    const ours = await recording.strata('flamegraph', '--folded', '--view', 'full', '--no-inline');
    const own = (lines: readonly string[]): string[] =>
      lines
        .filter((line) => line.startsWith('my_app_two;'))
        .map((line) => line.replace(/@@?[A-Z]+_[\w.]+/g, ''));
    assert.match(own(text).join('\n'), /\[(?:unknown|names-s)\]/);
    assert.deepEqual(own(ours.split('\n')), own(text));
  });
});

test('of Python functions', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (python === undefined || !needsPerf(t)) return;
  const program =
    'import json\n' +
    'def work(n):\n    return [json.loads(json.dumps(list(range(300)))) for _ in range(n)]\n' +
    'def main():\n    for _ in range(10): work(60)\nmain()\n';
  const script = place.path('work it.py');
  writeFileSync(script, program);
  const recording = await place.record(
    'python.data',
    [python.path, script],
    ['-e', 'cpu-clock', '-F', '999'],
  );
  const lines = await compare(recording);
  assert.ok(lines.some((line) => /;py::main:.*work it\.py;.*;py::work:.*work it\.py;/.test(line)));

  // What was written is read again, and is the same.
  const folded = await recording.strata('flamegraph', '--folded', '--view', 'full');
  const file = place.path('python.folded');
  writeFileSync(file, folded);
  const again = new Recording(place, file);
  assert.equal(await again.strata('flamegraph', '--folded', '--view', 'full'), folded);
  assert.match(await again.strata('tree'), /work it\.py/);
});
