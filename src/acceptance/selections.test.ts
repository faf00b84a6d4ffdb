/**
 * The same selection of a recording has the same total, in time and in samples, in every report; parts make up
 * the wholes that they are printed under.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { requirePython } from '../testing/pythons.js';
import { Workplace, type Recording } from '../testing/recordings.js';

/** Two threads of different names and work, C below Python, and a kernel that has something to do. */
const PROGRAM = `
import json, os, threading, time
def numbers(): return sum(i * i for i in range(3000))
def texts(): return json.dumps(list(range(2000)))
def files():
    for _ in range(50): os.stat("/")
def work(*functions):
    end = time.thread_time() + 0.4
    while time.thread_time() < end:
        for function in functions: function()
thread = threading.Thread(target=work, args=(texts, files))
thread.start()
work(numbers, files)
thread.join()
`;

const place = new Workplace();
after(() => place.close());

interface Total {
  readonly weight: number;
  readonly samples: number;
}
interface Row {
  /** Of trees: `self` repeats what the function above it has. */
  readonly kind?: string;
  readonly selfWeight: number;
  readonly selfPercent: number;
  readonly selfSamples: number;
}
interface ReportJson {
  readonly reports: readonly { readonly events: readonly Total[]; readonly rows: readonly Row[] }[];
}
interface Group extends Total {
  readonly percent: number;
  readonly rows: readonly Row[];
}
interface TreeJson {
  readonly events: readonly (Total & { readonly threads: readonly Group[] })[];
}
interface AnnotateJson {
  readonly events: readonly Total[];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const totalOf = ({ weight, samples }: Total): Total => ({ weight, samples });
function selves(rows: readonly Row[]): Total {
  const functions = rows.filter(({ kind }) => kind !== 'self');
  return {
    weight: sum(functions.map(({ selfWeight }) => selfWeight)),
    samples: sum(functions.map(({ selfSamples }) => selfSamples)),
  };
}
const wholes = (groups: readonly Group[]): Total => ({
  weight: sum(groups.map(({ weight }) => weight)),
  samples: sum(groups.map(({ samples }) => samples)),
});

function aboutHundred(percents: readonly number[]): void {
  assert.ok(Math.abs(sum(percents) - 100) < 1e-6, `${sum(percents)} %`);
}

/** Numbers behind folded stacks. */
const folded = (text: string): number =>
  sum(
    text
      .trimEnd()
      .split('\n')
      .map((line) => Number(/ (\d+)$/.exec(line)?.[1])),
  );

/** What each command says that the selection weighs: all must be what the report says. */
async function totals(recording: Recording, ...choice: string[]): Promise<Total> {
  const run = (command: string, ...flags: string[]): Promise<string> =>
    recording.strata(command, ...flags, '--view', 'mixed', '--no-inline', ...choice);
  const [report, tree, annotate, periods, picture] = await Promise.all([
    run('report', '--json', '--no-children', '-g', 'none'),
    run('tree', '--json', '--show-all', '--min', '0'),
    run('annotate', '--json', '--limit', '1'),
    run('flamegraph', '--folded'),
    run('flamegraph', '-o', '-'),
  ]);
  const [{ events, rows }] = (JSON.parse(report) as ReportJson).reports;
  const total = totalOf(events[0]);
  assert.deepEqual(selves(rows), total, 'rows');
  aboutHundred(rows.map(({ selfPercent }) => selfPercent));
  checkTree(tree, total);
  assert.deepEqual(totalOf((JSON.parse(annotate) as AnnotateJson).events[0]), total, 'annotate');
  assert.equal(folded(periods), total.weight, 'folded stacks');
  const drawn = / of cpu-clock in ([\d,]+) samples?/.exec(picture);
  assert.equal(Number(drawn?.[1].replaceAll(',', '')), total.samples, 'flame graph');
  return total;
}

function checkTree(text: string, total: Total): void {
  const [event] = (JSON.parse(text) as TreeJson).events;
  assert.deepEqual(totalOf(event), total, 'tree');
  assert.deepEqual(wholes(event.threads), total, 'threads');
  aboutHundred(event.threads.map(({ percent }) => percent));
  for (const thread of event.threads) {
    assert.deepEqual(selves(thread.rows), totalOf(thread), 'a thread');
  }
}

/** What other forms of the same reports say. */
async function checkForms(recording: Recording, total: Total): Promise<void> {
  const [csv, stdio, flat, counts] = await Promise.all([
    recording.strata('report', '--csv', '--no-children', '-s', 'sym'),
    recording.strata('report', '--stdio', '--no-children', '-g', 'none'),
    recording.strata('tree', '--json', '--flat', '--min', '0'),
    recording.strata('flamegraph', '--folded', '--count', 'samples'),
  ]);
  const [head, ...lines] = csv.trimEnd().split('\r\n');
  // Names may have commas; numbers stand behind them.
  const column = head.split(',').indexOf('selfWeight') - head.split(',').length;
  assert.equal(sum(lines.map((line) => Number(line.split(',').at(column)))), total.weight, 'CSV');
  assert.match(stdio, new RegExp(`^# Event count \\(approx\\.\\): ${total.weight}$`, 'm'));
  checkTree(flat, total);
  assert.equal(folded(counts), total.samples, 'folded samples');
}

test('every report says the same of the same selection', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (python === undefined) return;
  const recording = await place.record('app.data', [python.path, '-c', PROGRAM], ['-F', '299']);
  const all = await totals(recording);
  assert.ok(all.samples > 50, `${all.samples} samples`);
  await checkForms(recording, all);
  const parts: Total[] = [];
  for (const choice of ['--symbol texts', '--exclude texts', '--time 20%-70%']) {
    const part = await totals(recording, ...choice.split(' '));
    assert.ok(part.samples > 0 && part.samples < all.samples, `${choice}: ${part.samples}`);
    parts.push(part);
  }
  // What has a function, and what has not, is everything.
  const [having, without] = parts;
  assert.equal(having.weight + without.weight, all.weight);
  assert.equal(having.samples + without.samples, all.samples);
});
