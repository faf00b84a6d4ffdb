import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemorySource } from '../../base/source.js';
import type { OutlineNode } from '../../profile/tree/outline.js';
import type { Profile } from '../../profile/profile.js';
import { invertStacks } from '../../profile/selection/stack-choice.js';
import { outlines } from '../../profile/tree/tree-choice.js';
import { applyView } from '../../profile/views.js';
import { Wait, withWaitFrames } from '../../profile/waits.js';
import { profileOfFolded } from '../../session/folded.js';
import { drawProfile } from '../../testing/drawn.js';
import { randomProfile } from '../../testing/random-profile.js';
import { ANSI } from './style.js';
import { columns } from './text.js';
import { writeTree, type TreeOptions } from './tree.js';

function tree(profile: Profile, options: TreeOptions = {}): string {
  let text = '\n';
  writeTree(profile, options, (part) => (text += part));
  return text;
}

const LIB = '/usr/lib/python3.12';
const PROFILE = applyView(
  drawProfile(
    `
      thread:1/1/app         thread:1/1/app         thread:1/1/app         thread:1/1/app         thread:1/2/blas
      weight:5e6             weight:3e6             weight:1e6             weight:1e5             weight:5e5
      _start[libc.so.6]      _start[libc.so.6]      _start[libc.so.6]      _start[libc.so.6]      clone3[libc.so.6]
      Py_Main[interpreter]   Py_Main[interpreter]   Py_Main[interpreter]   Py_Main[interpreter]   dgemm[blas.so]
      <module>[python]       <module>[python]       <module>[python]       <module>[python]
      main[python]:12        main[python]:12        main[python]:14        main[python]:14
      loads[python=${LIB}/json/__init__.py]  loads[python=${LIB}/json/__init__.py]  f[python]  f[python]
      decode[python=${LIB}/json/decoder.py]  decode[python=${LIB}/json/decoder.py]  fib[python]:3  g[python]
      match[python=${LIB}/re/__init__.py]    hook[python=/home/me/a/long/path/to/project/hooks.py]  fib[python]:3
    `,
    { unit: 'ns' },
  ),
  'mixed',
);

test('library code is one line, and what it calls back stands below it', () => {
  assert.equal(
    tree(PROFILE),
    `
app  pid 1, tid 1: 9.10 ms of cpu-clock in 4 samples
 9.10 ms 100.0%  <module>  app.py
                 main  app.py
 8.00 ms  87.9%  ├─ loads  json/__init__.py
                 │  [2 frames hidden, json, re]
 3.00 ms  33.0%  │  hook  /home/me/a/long/path/to/project/hooks.py
 1.10 ms  12.1%  └─ f  app.py
 1.00 ms  11.0%     ├─ fib × 2  app.py:3
  100 µs   1.1%     └─ g  app.py

blas  pid 1, tid 2: 500 µs of cpu-clock in 1 sample
  500 µs 100.0%  dgemm  blas.so

`,
  );
});

test('a program that is all library, but for lines without a file and for waiting, is not folded', () => {
  const drawn = drawProfile(`
    weight:90                                     weight:1
    _run_code[python=${LIB}/runpy.py]             _run_code[python=${LIB}/runpy.py]
    serve_forever[python=${LIB}/socketserver.py]  <lambda>[python=<string>]
    select[python=${LIB}/selectors.py]            -
  `);
  const wait = Uint8Array.of(Wait.Io, Wait.None);
  const profile = withWaitFrames({ ...drawn, samples: { ...drawn.samples, wait } });
  assert.equal(
    tree(profile, { minPercent: 2 }),
    `
app  pid 1, tid 1: 91 cpu-clock in 2 samples
      91 100.0%  _run_code  runpy.py
      90  98.9%  serve_forever  socketserver.py
                 select  selectors.py
                 [waits for I/O]  [off-cpu]

`,
  );
});

test('all of it, where asked; light entries and deep ones left out, where asked', () => {
  assert.equal(
    tree(PROFILE, { all: true, minPercent: 10, mergeThreads: true, maxDepth: 4 }),
    `
All threads: 9.60 ms of cpu-clock in 5 samples
 9.10 ms  94.8%  <module>  app.py
                 main  app.py
 8.00 ms  83.3%  ├─ loads  json/__init__.py
                 │  decode …  json/decoder.py
 1.10 ms  11.5%  └─ f  app.py
 1.00 ms  10.4%     fib …  app.py:3

`,
  );
});

test('a narrow terminal is enough', () => {
  for (const width of [40, 50, 70]) {
    for (const line of tree(PROFILE, { width }).split('\n')) {
      assert.ok(columns(line) <= width, line);
    }
  }
  assert.match(tree(PROFILE, { width: 40 }), /│ {2}hook {2}\/hom…\/hooks.py\n/);
});

test('what is to be shown is shown, what is to be hidden is folded, whoever’s it is', () => {
  const lines = (options: TreeOptions): string[] =>
    tree(PROFILE, { minPercent: 5, ...options })
      .split('\n')
      .slice(2, -1)
      .map((line) => line.slice(17).replace(/ {2}\S+$/, ''));
  const [loads, hook] = ['├─ loads', '│  hook'];
  // By module, by function, by file.
  assert.deepEqual(lines({ show: ['json'], maxDepth: 5 }).slice(2, 5), [
    loads,
    '│  decode',
    '│  ├─ match',
  ]);
  assert.ok(lines({ show: ['match'] }).some((line) => line.endsWith('match')));
  assert.ok(lines({ show: [/re\/__init__/] }).some((line) => line.endsWith('match')));
  assert.deepEqual(lines({}).slice(0, 4), [
    '<module>',
    'main',
    loads,
    '│  [2 frames hidden, json, re]',
  ]);
  assert.deepEqual(lines({}).slice(4, 6), [hook, '└─ f']);
  // Hidden code of one's own says its file; it is folded where a library's function would be shown.
  assert.deepEqual(lines({ hide: ['main', 'json'] }).slice(0, 3), [
    '<module>',
    '[4 frames hidden, json, app.py, re]',
    '├─ hook',
  ]);
  assert.ok(lines({ hide: ['json'], show: ['loads'] }).includes(loads));
});

test('of stacks turned around callers stand below, libraries between them folded', () => {
  const text = tree(invertStacks(PROFILE), { inverted: true, minPercent: 20, width: 200 });
  assert.equal(
    text,
    `
app  pid 1, tid 1: 9.10 ms of cpu-clock in 4 samples; innermost functions, callers below them
 5.00 ms  54.9%  ├─ match  re/__init__.py
                 │  [2 frames hidden, json]
                 │  main  app.py:12
                 │  <module>  app.py
 3.00 ms  33.0%  └─ hook  /home/me/a/long/path/to/project/hooks.py
                    [2 frames hidden, json]
                    main  app.py:12
                    <module>  app.py

1 smaller thread: 500 µs

`,
  );
});

test('self time beside calls, and what is below the limit, are said', () => {
  const profile = drawProfile(`
    weight:60     weight:36     weight:2  weight:2
    main[python]  main[python]  main[python]  main[python]
    -             f[python]     g[python]     h[python]
  `);
  assert.equal(
    tree(profile, { minPercent: 3 }),
    `
app  pid 1, tid 1: 100 cpu-clock in 4 samples
     100 100.0%  main  app.py
      60  60.0%  ├─ [self]
      36  36.0%  ├─ f  app.py
       4   4.0%  └─ [2 smaller]

`,
  );
});

test('small threads are summed', () => {
  const profile = drawProfile(`
    thread:1/1/a  thread:1/2/b  thread:1/3/c
    weight:999    weight:4      weight:3
    f[python]     f[python]     f[python]
  `);
  assert.match(tree(profile), /\n\n2 smaller threads: 7\n/);
});

test('thousands of frames are no trouble', () => {
  const deep = Array.from({ length: 9000 }, (_, i) => `f${i}[python]`).join('\n');
  assert.equal(tree(drawProfile(deep)).trim().split('\n').length, 9001);
  // Each level also has samples of its own, so each is a branch.
  const size = 150;
  const rows = Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (__, column) => (column >= row ? 'f[python]' : '-')).join('  '),
  );
  const profile = drawProfile(rows.join('\n'));
  for (const line of tree(profile, { minPercent: 0, width: 60 }).split('\n')) {
    assert.ok(columns(line) <= 60, line);
  }
});

test('names cannot command the terminal, colours only come from the style', () => {
  const profile = drawProfile('evil\x1b]0;x\x07[python=a\x1bb.py]');
  const escape = '\x1b';
  assert.ok(!tree(profile).includes(escape));
  assert.match(tree(profile), /evil\\x1b\]0;x\\x07 {2}a\\x1bb.py/);
  assert.ok(tree(profile, { style: ANSI }).includes(`${escape}[1m`));
});

test('an outline without limit accounts for all weight', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const profile = randomProfile(seed);
    for (const choice of [{}, { all: true }, { inverted: true }, { hide: ['a', 'module2'] }]) {
      for (const { tree: calls, groups } of outlines(profile, { ...choice, minPercent: 0 })) {
        const roots = groups.flatMap((group) => group.roots);
        roots.forEach(check);
        assert.equal(
          roots.reduce((sum, root) => sum + root.weight, 0),
          calls.weight,
        );
      }
    }
  }
});

/** A function's weight is its self weight and its calls'. */
function check(node: OutlineNode): void {
  if (node.kind !== 'function' && node.kind !== 'folded') return;
  const below = node.children.filter((child) => child.kind !== 'self');
  const sum = below.reduce((weight, child) => weight + child.weight, 0);
  if (node.kind === 'function') assert.equal(node.self.weight + sum, node.weight);
  else assert.ok(sum <= node.weight);
  below.forEach(check);
}

test('native functions of folded stacks, which name no modules, are shown beside Python’s', () => {
  const folded =
    'python;main (app.py);work (app.py);memcpy 30\npython;start;compute;mul 50\npython;[unknown] 20\n';
  const shown = tree(profileOfFolded(new MemorySource(Buffer.from(folded))));
  const words = shown.split('\n').map((line) => line.slice(17).replace(/^[│├└─ ]+/, ''));
  assert.deepEqual(words.slice(2, 9), [
    'python  [comm]',
    'start',
    'compute',
    'mul',
    'main  app.py',
    'work  app.py',
    'memcpy',
  ]);
});

test('notes keep to the width, their further lines set in', () => {
  const note = 'lines and inlined functions of files with much debug information are left out';
  const profile = drawProfile('main[python]', { notes: [{ text: note, samples: 2 }] });
  const shown = tree(profile, { width: 50 }).split('\n');
  const first = shown.findIndex((line) => line.startsWith('- '));
  assert.deepEqual(shown.slice(first), [
    '- lines and inlined functions of files with much',
    '  debug information are left out (2 samples)',
    '',
  ]);
  assert.match(tree(profile), new RegExp(`- ${note} \\(2 samples\\)\n`));
});
