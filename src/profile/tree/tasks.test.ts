import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile } from '../../testing/drawn.js';
import type { Profile } from '../profile.js';
import { isTask, withTaskFunctions } from './tasks.js';
import { applyView } from '../views.js';

/** Stacks, outermost frame first; tasks' coroutines are marked. */
function marked(drawn: Profile, view: 'full' | 'python' = 'full'): string[] {
  const { profile: whole, tasks } = withTaskFunctions(drawn);
  const profile = applyView(whole, view);
  const { samples, stacks, frames, functions, strings } = profile;
  return Array.from(samples.stack, (leaf) => {
    const names: string[] = [];
    for (let stack = leaf; stack >= 0; stack = stacks.parent[stack]) {
      const func = frames.func[stacks.frame[stack]];
      names.unshift(`${strings[functions.name[func]]}${isTask(tasks, func) ? '!' : ''}`);
    }
    return names.join(' ');
  });
}

const EVENTS = '/usr/lib/python3.12/asyncio/events.py';
const TASKS = '/usr/lib/python3.12/asyncio/tasks.py';
const C = '_asyncio.cpython-312-x86_64-linux-gnu.so';

test('the outermost Python function of a step is a coroutine that runs as a task', () => {
  const profile = drawProfile(`
    _run[python=${EVENTS}]       _run[python=${EVENTS}]         _run[python=${EVENTS}]        _run[python=${EVENTS}]
    context_run[interpreter]     context_run[interpreter]       context_run[interpreter]      context_run[interpreter]
    task_step[interpreter]       callback[python]               ${C}+0xa570[${C}]             task_step_impl.cold[interpreter]
    task_step_impl[interpreter]  fetch[python]                  gen_send[interpreter]         call_soon[python=/usr/lib/python3.12/asyncio/base_events.py]
    gen_send[interpreter]        -                              fetch[python]                 -
    fetch[python]                -                              parse[python]
    inner[python]                -                              -
  `);
  assert.deepEqual(marked(profile, 'python'), [
    '_run fetch! inner',
    '_run callback fetch',
    '_run fetch! parse',
    '_run call_soon',
  ]);
});

test('tasks may be Python; what a step calls beside its coroutine is none', () => {
  const profile = drawProfile(`
    Task.__step[python=${TASKS}]                         Task.__step[python=${TASKS}]         task_step[interpreter]  task_step[interpreter]
    Task.__step_run_and_handle_result[python=${TASKS}]   _enter_task[python=${TASKS}]         Socket.__del__[python]  <lambda>[python]
    main.<locals>.work[python]                           -                                    -                       -
  `);
  assert.deepEqual(marked(profile), [
    'Task.__step Task.__step_run_and_handle_result main.<locals>.work!',
    'Task.__step _enter_task',
    'task_step Socket.__del__',
    'task_step <lambda>',
  ]);
});

test('a task that another starts at once stands below it', () => {
  const profile = drawProfile(`
    task_step[interpreter]
    main[python]
    create_task[python=${TASKS}]
    task_eager_start[interpreter]
    fetch[python]
  `);
  assert.deepEqual(marked(profile), ['task_step main! create_task task_eager_start fetch!']);
});

test('functions that no task runs, and programs without tasks, stay as they are', () => {
  const plain = drawProfile('main[python]\nfetch[python]');
  assert.equal(withTaskFunctions(plain).profile, plain);
  const both = drawProfile(`
    task_step[interpreter]  main[python]
    fetch[python]:3         fetch[python]:3
  `);
  const { profile } = withTaskFunctions(both);
  assert.equal(profile.functions.length, both.functions.length + 1);
  const last = profile.functions.length - 1;
  const [line] = [...profile.frames.func].flatMap((func, frame) => (func === last ? [frame] : []));
  assert.equal(profile.frames.line[line], 3);
  assert.deepEqual(marked(both), ['task_step fetch!', 'main fetch']);
});
