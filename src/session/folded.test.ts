import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemorySource } from '../base/source.js';
import { LAYER_NAMES, type Profile } from '../profile/profile.js';
import { writeFolded } from '../render/folded.js';
import { profileOfFolded } from './folded.js';

function read(text: string): Profile {
  return profileOfFolded(new MemorySource(Buffer.from(text)));
}

/** `name[layer]` of each frame of a sample, outermost first. */
function layers({ samples, stacks, frames, functions, strings }: Profile, sample: number): string {
  const names: string[] = [];
  for (let stack = samples.stack[sample]; stack >= 0; stack = stacks.parent[stack]) {
    const func = frames.func[stacks.frame[stack]];
    names.unshift(`${strings[functions.name[func]]}[${LAYER_NAMES[functions.layer[func]]}]`);
  }
  return names.join(' ');
}

function fold(profile: Profile, event = 0): string[] {
  const lines: string[] = [];
  const annotate = { kernel: true, jit: false };
  writeFolded(profile, { event, count: 'period', root: 'comm', annotate }, (line) =>
    lines.push(line),
  );
  return lines.map((line) => line.trimEnd());
}

test('layers are told from names and from what calls them', () => {
  const profile = read(
    'python3;_start;py::<module>:/a.py;_PyEval_EvalFrameDefault;list_sort;vfs_read_[k] 1\n' +
      'app;main;read;entry_SYSCALL_64_after_hwframe;ksys_read 1\n' +
      'app;[libz.so.1];[unknown] 1\n' +
      '<module> (app.py:3);work (app.py:12);deflate (libz.so.1) 1\n',
  );
  assert.equal(
    layers(profile, 0),
    'python3[unknown] _start[interpreter] <module>[python] _PyEval_EvalFrameDefault[interpreter] ' +
      'list_sort[native] vfs_read[kernel]',
  );
  assert.equal(
    layers(profile, 1),
    'app[unknown] main[native] read[native] entry_SYSCALL_64_after_hwframe[kernel] ksys_read[kernel]',
  );
  assert.equal(layers(profile, 2), 'app[unknown] [libz.so.1][native] [unknown][unknown]');
  assert.equal(layers(profile, 3), '<module>[python] work[python] deflate[native]');
  assert.deepEqual(
    [...profile.frames.line].filter((line) => line > 0),
    [3, 12],
  );
});

test('what is written and read again is the same', () => {
  const text = [
    'my_app;main;read;entry_SYSCALL_64_[k];ksys_read_[k] 3',
    'my_app;main;work 1.5',
    'python3;py::<lambda>:/srv/a b.py;py::<module>:<frozen runpy>;[libz.so.1] 7',
    'python3;py::cut 2',
  ];
  assert.deepEqual(fold(read(text.join('\n'))), text);
});

test('two numbers become two events', () => {
  const profile = read('a;b 3 0\na;c 0 4\na 1 2\n');
  assert.deepEqual(
    profile.events.map(({ name }) => name),
    ['before', 'after'],
  );
  assert.deepEqual(fold(profile, 0), ['a 1', 'a;b 3']);
  assert.deepEqual(fold(profile, 1), ['a 2', 'a;c 4']);
});

test('threads: by their IDs, else by their names', () => {
  const { threads, strings, samples } = read('app-3/4;f 1\napp-3/5;f 1\nother;f 1\n');
  assert.deepEqual([...threads.tid.subarray(0, 2)], [4, 5]);
  assert.deepEqual([...threads.pid.subarray(0, 2)], [3, 3]);
  assert.deepEqual(
    Array.from(samples.comm, (comm) => strings[comm]),
    ['app', 'app', 'other'],
  );
});

test('a text of comments alone holds no stack', () => {
  assert.throws(() => read('# nothing\n'), /expected lines such as main;parse 42, found none/);
});
