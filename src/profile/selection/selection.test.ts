import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StrataError } from '../../base/errors.js';
import { drawProfile, foldedLines } from '../../testing/drawn.js';
import { randomProfile } from '../../testing/random-profile.js';
import { Layer } from '../profile.js';
import { select, type Selection } from './selection.js';
import { parseTimes } from './time-slices.js';

const PROFILE = drawProfile(`
  comm:app               comm:app               comm:worker            comm:worker
  thread:1/1/app         thread:1/1/app         thread:1/2/pool        thread:2/3/worker
  event:cpu-clock        event:cpu-clock        event:cpu-clock        event:page-faults
  weight:1               weight:2               weight:4               weight:8
  time:10                time:20                time:30                time:40
  _start[libc.so.6]      _start[libc.so.6]      clone3[libc.so.6]      _start[libc.so.6]
  Py_Main[interpreter]   Py_Main[interpreter]   dgemm[blas.so]         main[tool]
  run[python]            run[python]            -                      page_fault[kernel]
  eval[interpreter]      eval[interpreter]
  load[python]           inflate[libz.so.1]
`);

function shown(selection: Selection): string[] {
  return foldedLines(select(PROFILE, selection).profile);
}

test('each part chooses among samples, and stacks are shown in the view', () => {
  const [load, inflate, dgemm, fault] = [
    'run;load 1',
    'run;inflate 2',
    'dgemm 4',
    'main;page_fault 8',
  ];
  const cases: [Selection, string[]][] = [
    [{}, [load, inflate, dgemm, fault]],
    [{ event: 'cpu-clock' }, [load, inflate, dgemm]],
    [{ pids: [1] }, [load, inflate, dgemm]],
    [{ tids: [2, 3] }, [dgemm, fault]],
    [{ comms: ['worker'] }, [dgemm, fault]],
    [{ threads: ['pool', '3'] }, [dgemm, fault]],
    [{ threads: ['worker'] }, [fault]],
    [{ times: parseTimes('0.02,0.03') }, [inflate, dgemm]],
    [{ times: parseTimes('0%-50%') }, [load, inflate]],
    [{ symbols: ['run'] }, [load, inflate]],
    [{ symbols: [/^(load|dgemm)$/] }, [load, dgemm]],
    [{ symbols: ['eval'] }, [load, inflate]],
    [{ modules: ['libz.so.1', 'blas.so'] }, [inflate, dgemm]],
    [{ modules: ['app'] }, [load, inflate]],
    [{ excluded: ['run', 'main'] }, [dgemm]],
    [{ focus: ['eval'] }, ['load 1', 'inflate 2']],
    [{ focus: ['main', 'load'] }, ['load 1', fault]],
    [{ layers: [Layer.Native] }, [inflate, dgemm]],
    [{ layers: [Layer.Python, Layer.Kernel] }, [load, fault]],
    [{ layers: [Layer.Interpreter], view: 'full' }, []],
    [{ symbols: ['run'], layers: [Layer.Native] }, [inflate]],
    [{ symbols: ['nothing'] }, []],
    [{ symbols: ['inflate'], view: 'python' }, ['run 2']],
    [{ invert: true, tids: [1] }, ['load;run 1', 'inflate;run 2']],
    [{ invert: true, view: 'native', symbols: ['dgemm'] }, ['dgemm;clone3 4']],
  ];
  for (const [selection, expected] of cases) {
    assert.deepEqual(shown(selection), expected, JSON.stringify(selection));
  }
});

test('what the whole weighs does not hang on what is chosen of it', () => {
  assert.deepEqual([...select(PROFILE, { symbols: ['run'] }).weights], [7, 8]);
  assert.deepEqual([...select(PROFILE, { event: 'page-faults', pids: [2] }).weights], [0, 8]);
});

test('an event that there is none of is refused', () => {
  assert.throws(() => select(PROFILE, { event: 'cycles' }), StrataError);
});

test('a choice and its opposite share all samples; turned twice, stacks are what they were', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const profile = randomProfile(seed);
    const all = foldedLines(select(profile, { view: 'full' }).profile);
    const through = foldedLines(select(profile, { view: 'full', symbols: ['a'] }).profile);
    const without = foldedLines(select(profile, { view: 'full', excluded: ['a'] }).profile);
    assert.ok(through.length > 0 && without.length > 0);
    assert.deepEqual([...through, ...without].sort(), all.toSorted());
    const turned = select(profile, { view: 'full', invert: true }).profile;
    assert.deepEqual(foldedLines(select(turned, { view: 'full', invert: true }).profile), all);
  }
});
