import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile, foldedLines } from '../testing/drawn.js';
import { randomProfile } from '../testing/random-profile.js';
import { Layer } from './profile.js';
import { applyView, defaultView, VIEWS } from './views.js';

const PICTURE = `
  _start[libc.so.6]      _start[libc.so.6]      _start[libc.so.6]      clone3[libc.so.6]
  Py_Main[interpreter]   Py_Main[interpreter]   Py_Main[interpreter]   start_thread[libc.so.6]
  run[python]            run[python]            -                      dgemm[blas.so]
  eval[interpreter]      eval[interpreter]
  load[python]           array[numpy.so]
  vectorcall[interpreter]  back[python]
  malloc[libc.so.6]      eval[interpreter]
  page_fault[kernel]
`;

test('full shows every frame', () => {
  const profile = drawProfile(PICTURE);
  assert.equal(applyView(profile, 'full'), profile);
});

test('mixed folds the interpreter and the thread start, and keeps the rest', () => {
  assert.deepEqual(foldedLines(applyView(drawProfile(PICTURE), 'mixed')), [
    'run;load;malloc;page_fault 1',
    'run;array;back 1',
    '[python3.12] 1',
    'dgemm 1',
  ]);
});

test('python shows only Python functions, and names other work after its module', () => {
  assert.deepEqual(foldedLines(applyView(drawProfile(PICTURE), 'python')), [
    'run;load 1',
    'run;back 1',
    '[python3.12] 1',
    '[blas.so] 1',
  ]);
});

test('native shows only what is not Python', () => {
  assert.deepEqual(foldedLines(applyView(drawProfile(PICTURE), 'native')), [
    '_start;Py_Main;eval;vectorcall;malloc;page_fault 1',
    '_start;Py_Main;eval;array;eval 1',
    '_start;Py_Main 1',
    'clone3;start_thread;dgemm 1',
  ]);
});

test('a start function further in is somebody’s own', () => {
  const profile = drawProfile(`
    main[app]
    _start[app]
  `);
  assert.deepEqual(foldedLines(applyView(profile, 'mixed')), ['main;_start 1']);
});

test('stacks that look alike in a view become one', () => {
  const profile = drawProfile(`
    run[python]        run[python]           run[python]
    -                  eval[interpreter]     call[interpreter]
    load[python]       load[python]          load[python]
  `);
  const view = applyView(profile, 'mixed');
  assert.equal(new Set(view.samples.stack).size, 1);
  assert.equal(view.stacks.length, 2);
});

test('unasked, Python programs are shown mixed and others in full', () => {
  assert.equal(defaultView(drawProfile(PICTURE)), 'mixed');
  assert.equal(defaultView(drawProfile('main[app]')), 'full');
});

test('no view loses a sample, a weight or a last frame', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const profile = randomProfile(seed);
    for (const view of VIEWS) {
      const shown = applyView(profile, view);
      assert.deepEqual(shown.samples.weight, profile.samples.weight);
      for (let sample = 0; sample < shown.samples.length; sample++) {
        const stack = shown.samples.stack[sample];
        assert.equal(stack < 0, profile.samples.stack[sample] < 0, `seed ${seed}, ${view}`);
      }
      for (let stack = 0; stack < shown.stacks.length; stack++) {
        assert.ok(shown.stacks.parent[stack] < stack);
        assert.ok(shown.frames.func[shown.stacks.frame[stack]] < shown.functions.length);
      }
    }
  }
});

test('in mixed, interpreter frames stand only for stacks that had nothing else', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const view = applyView(randomProfile(seed), 'mixed');
    for (let stack = 0; stack < view.stacks.length; stack++) {
      const func = view.frames.func[view.stacks.frame[stack]];
      if (view.functions.layer[func] !== Layer.Interpreter) continue;
      assert.equal(view.stacks.parent[stack], -1);
      assert.equal(view.strings[view.functions.name[func]], '[module1]');
    }
  }
});
