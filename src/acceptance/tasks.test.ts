/** Recordings of asyncio: what runs is told apart by the tasks that run it, where frames show them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { steadyTest } from '../testing/again.js';
import { skipOrFail } from '../testing/pythons.js';
import { perfPythons, programPath, pythonLabel, Workplace } from '../testing/recordings.js';

const workplace = new Workplace();
after(() => workplace.close());

interface Row {
  readonly row: number;
  readonly parent?: number;
  readonly kind: string;
  readonly function?: string;
  readonly task?: boolean;
  readonly weight: number;
}
interface Tree {
  readonly events: readonly { readonly threads: readonly { readonly rows: readonly Row[] }[] }[];
}

if (perfPythons().length === 0) {
  test('tasks', (t) => skipOrFail(t, 'python', 'no CPython 3.12 or newer'));
}

// 3.13's are as 3.12's and 3.14's.
for (const python of perfPythons().filter(({ version }) => version[1] !== 13)) {
  // Debian's 3.15 has the module of tasks built in, and is stripped: its frames show no tasks.
  const shows = !(python.source === 'debian' && python.version[1] >= 15);
  steadyTest(`tasks under ${pythonLabel(python)}`, async () => {
    const name = `tasks ${python.versionText} ${python.source}`;
    const recording = await workplace.record(name, [python.path, programPath('tasks.py')]);
    const text = await recording.strata('tree', '--json', '--view', 'python', '--min', '3');
    const [{ threads }] = (JSON.parse(text) as Tree).events;
    const rows = threads.flatMap((thread) => thread.rows);
    const tasks = new Set(rows.flatMap((row) => (row.task === true ? [row.function] : [])));
    assert.deepEqual([...tasks].sort(), shows ? ['consume', 'fetch', 'main'] : []);
    // Whether as a task or not, each stands for itself below the loop.
    const weightOf = (name: string, task: boolean): number =>
      rows
        .filter((row) => row.function === name && (row.task === true) === task)
        .reduce((sum, row) => sum + row.weight, 0);
    assert.ok(weightOf('callback', false) > 0, 'a callback is no task');
    assert.ok(weightOf('blocking', false) > 0, 'nor is what runs in a thread');
    // Twice as a task; once more awaited by main, below which it stands.
    if (shows) {
      const ratio = weightOf('fetch', true) / weightOf('fetch', false);
      assert.ok(ratio > 1.5 && ratio < 2.7, `fetch as tasks to awaited: ${ratio}`);
      const awaited = rows.find((row) => row.function === 'fetch' && row.task !== true);
      const [caller] = rows.filter(({ row }) => row === awaited?.parent);
      assert.deepEqual([caller.function, caller.task], ['main', true]);
    }
  });
}
