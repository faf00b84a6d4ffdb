import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { formatPercent } from '../base/units.js';
import type { Profile } from '../profile/profile.js';
import { drawProfile } from '../testing/drawn.js';
import { writeReportData, type ReportDataOptions } from './report-data.js';
import { writeReport } from './text/report.js';

const PROFILE = drawProfile(`
  weight:600         weight:250         weight:100         weight:46          weight:4
  thread:7/8/worker
  _start[libc.so.6]  _start[libc.so.6]  _start[libc.so.6]  _start[libc.so.6]  _start[libc.so.6]
  main[a]            main[a]            main[a]            main[a]            main[a]
  run[a]             run[a]             leaf[a]            -                  leaf[a]
  leaf[a]            run[a]             -                  -                  tick[kernel]
  -                  leaf[a]
`);

function written(profile: Profile, options: ReportDataOptions): string {
  let text = '';
  writeReportData(profile, options, (part) => (text += part));
  return text;
}

interface Chain {
  readonly symbols: readonly string[];
  readonly weight: number;
  readonly percent: number;
  readonly children?: readonly Chain[];
}

interface Row extends Readonly<Record<string, unknown>> {
  readonly symbol: string;
  readonly percent: number;
  readonly selfPercent: number;
  readonly chains?: readonly Chain[];
}

interface Report {
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly rows: readonly Row[];
  readonly hidden?: unknown;
}

function reportOf(profile: Profile, options: Partial<ReportDataOptions> = {}): Report {
  const text = written(profile, { ...options, format: 'json' });
  return (JSON.parse(text) as { readonly reports: readonly [Report] }).reports[0];
}

test('JSON has the numbers of the text, and the branches of its graphs', () => {
  let text = '';
  writeReport(PROFILE, {}, (part) => (text += part));
  const { rows, events } = reportOf(PROFILE);
  assert.deepEqual(events, [{ name: 'cpu-clock', unit: 'count', weight: 1000, samples: 5 }]);
  const printed = [...text.matchAll(/^ +(\d+\.\d\d%) +(\d+\.\d\d%) .*\] (\S+)$/gm)];
  assert.deepEqual(
    rows.map(({ percent, selfPercent, symbol }) => [
      formatPercent(percent, 100),
      formatPercent(selfPercent, 100),
      symbol,
    ]),
    printed.map(([, percent, self, symbol]) => [percent, self, symbol]),
  );
  const shares = (chains: readonly Chain[]): string[] =>
    chains.flatMap(({ percent, children = [] }) => [
      formatPercent(percent, 100),
      ...shares(children),
    ]);
  // Where a row has one chain of all of its weight the text says no percentage.
  const inRows = rows.flatMap(({ chains = [], percent }) =>
    shares(chains).slice(chains.length === 1 && chains[0].percent === percent ? 1 : 0),
  );
  assert.deepEqual(
    inRows,
    [...text.matchAll(/--(\d+\.\d\d%)--/g)].map(([, share]) => share),
  );
  assert.deepEqual(rows.find(({ symbol }) => symbol === 'run')?.chains, [
    {
      symbols: ['run'],
      ...{ weight: 850, percent: 85, samples: 2, selfWeight: 0 },
      children: [
        { symbols: ['leaf'], weight: 600, percent: 60, samples: 1, selfWeight: 600, children: [] },
        {
          symbols: ['run', 'leaf'],
          weight: 250,
          percent: 25,
          samples: 1,
          selfWeight: 250,
          children: [],
        },
      ],
    },
  ]);
});

test('lists of chains, threads by number and name, and what a limit hides', () => {
  const { rows, hidden } = reportOf(PROFILE, {
    sort: { fields: ['tid', 'symbol'], more: false },
    children: false,
    percentLimit: 1,
    graph: { type: 'folded', printLimit: 1 },
  });
  assert.deepEqual(hidden, { rows: 1, selfWeight: 4 });
  assert.deepEqual(rows[0], {
    ...{ tid: 8, tidName: 'worker', symbol: 'leaf' },
    ...{ weight: 954, percent: 95.4, samples: 4, selfWeight: 950, selfPercent: 95, selfSamples: 3 },
    chains: [{ symbols: ['leaf', 'run', 'main', '_start'], weight: 600, percent: 60, samples: 1 }],
  });
  assert.equal(rows.length, 2);
});

test('hostile names stay as they are, in valid JSON and CSV', () => {
  const names = ['a"b,c', '<script>', 'esc\u001b(2J', 'lone\ud800', 'עברית', "quote'"];
  const profile = drawProfile(names.join('\n'));
  const symbols = reportOf(profile).rows.map(({ symbol }) => symbol);
  assert.deepEqual(symbols.sort(), [...names].sort());
  const csv = written(profile, { format: 'csv' });
  const script = 'import csv, json, sys; print(json.dumps(list(csv.DictReader(sys.stdin))))';
  const python = spawnSync('python3', ['-X', 'utf8', '-c', script], {
    input: csv,
    encoding: 'utf8',
  });
  if (python.error !== undefined) return;
  const rows = JSON.parse(python.stdout) as Record<string, string>[];
  const known = new Set(names.map((name) => name.replace('\ud800', '\ufffd')));
  assert.deepEqual(new Set(rows.map(({ symbol }) => symbol)), known);
  for (const row of rows) assert.equal(Number(row['percent']), 100);
});

test('CSV of a hierarchy has levels, and keys down to each', () => {
  const lines = written(PROFILE, {
    format: 'csv',
    hierarchy: true,
    sort: { fields: ['dso', 'symbol'], more: false },
  }).split('\r\n');
  assert.deepEqual(lines, [
    'event,unit,level,dso,symbol,selfWeight,selfPercent,selfSamples',
    'cpu-clock,count,0,a,,996,99.6,4',
    'cpu-clock,count,1,a,leaf,950,95,3',
    'cpu-clock,count,1,a,main,46,4.6,1',
    'cpu-clock,count,0,[kernel],,4,0.4,1',
    'cpu-clock,count,1,[kernel],tick,4,0.4,1',
    '',
  ]);
});
