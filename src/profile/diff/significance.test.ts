import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sampleProgram, type SampledProgram } from '../../testing/sampled.js';
import { changeOf, diffProfiles, type DiffOptions, type DiffTable } from './diff.js';
import { normalTails, studentTails } from './normal.js';
import { falseRates } from './significance.js';

const WORK = { parse: 3000, render: 2500, store: 2000, check: 1500, log: 700, idle: 300 };

function diff(before: SampledProgram, after: SampledProgram, options: DiffOptions = {}): DiffTable {
  const inputs = [before, after].map((program, index) => ({
    label: `${index}`,
    profile: sampleProgram(program),
    event: 0,
  }));
  return diffProfiles(inputs, options);
}

/** `parse ×1.10` of the marked rows. */
function marked(table: DiffTable): string[] {
  const { functions, strings } = table.joined.profile;
  return Array.from({ length: table.length }, (_, row) => row).flatMap((row) => {
    const { significant, delta } = changeOf(table, row, 1);
    return significant
      ? [`${strings[functions.name[table.func[row]]]} ${delta > 0 ? '+' : '-'}`]
      : [];
  });
}

/** How many of so many comparisons of a program with itself mark anything. */
function falseAlarms(
  order: NonNullable<SampledProgram['order']>,
  options: DiffOptions = {},
): number {
  let alarms = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const table = diff(
      { work: WORK, order, seed },
      { work: WORK, order, seed: seed + 1000 },
      options,
    );
    if (marked(table).length > 0) alarms++;
  }
  return alarms;
}

test('tails of the distributions are those of tables', () => {
  for (const [z, chance] of [
    [0, 1],
    [1.959964, 0.05],
    [2.575829, 0.01],
    [3.290527, 0.001],
    [6, 1.973175e-9],
  ]) {
    assert.ok(Math.abs(normalTails(z) / chance - 1) < 1e-5, `${z}`);
  }
  for (const [t, freedom, chance] of [
    [12.7062, 1, 0.05],
    [4.3027, 2, 0.05],
    [2.7764, 4, 0.05],
    [4.6041, 4, 0.01],
    [2.0423, 30, 0.05],
  ]) {
    assert.ok(Math.abs(studentTails(t, freedom) / chance - 1) < 1e-3, `${t} ${freedom}`);
  }
});

test('rates of false rows are Benjamini and Hochberg’s', () => {
  // The p-values of their paper's example (1995), of which the first four are significant at 5 %.
  const chances = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719,
    0.6528, 0.759, 1,
  ];
  const rates = falseRates(Float64Array.from(chances));
  assert.equal(rates.filter((rate) => rate <= 0.05).length, 4);
  assert.ok(Math.abs(rates[3] - (0.0095 * 15) / 4) < 1e-12);
  assert.deepEqual([...falseRates(Float64Array.of(NaN, 0.02))], [1, 0.02]);
});

test('a program is not told from itself', () => {
  for (const normalize of ['time', 'total', 'samples'] as const) {
    assert.ok(falseAlarms('chance', { normalize }) <= 2, normalize);
  }
  assert.ok(falseAlarms('turns') <= 6, 'in turns of random lengths');
  assert.ok(falseAlarms('chance', { children: true }) <= 2, 'with what is called');
  assert.ok(falseAlarms('chance', { by: 'tree' }) <= 2, 'as a tree');
  assert.equal(falseAlarms('phases'), 0, 'in phases');
});

test('a recording has no change against itself', () => {
  for (const order of ['chance', 'turns', 'phases'] as const) {
    assert.deepEqual(
      marked(diff({ work: WORK, order, seed: 1 }, { work: WORK, order, seed: 1 })),
      [],
    );
  }
});

test('what got slower is found, and hardly anybody else is blamed', () => {
  const cases: [NonNullable<SampledProgram['order']>, number, number][] = [
    // Six functions tell little of how much unchanged ones differ, so that some are missed.
    ['chance', 1.2, 11],
    ['phases', 1.1, 20],
  ];
  for (const [order, factor, least] of cases) {
    for (const normalize of ['time', 'total'] as const) {
      let found = 0;
      let blamed = 0;
      for (let seed = 1; seed <= 20; seed++) {
        const slower = { ...WORK, parse: WORK.parse * factor };
        const after = { work: slower, order, seed: seed + 1000 };
        const rows = marked(diff({ work: WORK, order, seed }, after, { normalize }));
        if (rows.includes('parse +')) found++;
        if (rows.some((row) => row !== 'parse +')) blamed++;
      }
      assert.ok(found >= least, `${order}, ${normalize}: found ${found} of 20`);
      assert.ok(blamed <= 2, `${order}, ${normalize}: blamed others ${blamed} times of 20`);
    }
  }
});

test('load that slows all alike marks nothing, and hides nothing', () => {
  const loaded = Object.fromEntries(Object.entries(WORK).map(([name, ms]) => [name, ms * 1.4]));
  const slower = { ...loaded, parse: WORK.parse * 1.4 * 1.5 };
  let alarms = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const busy = diff({ work: WORK, seed }, { work: loaded, seed: seed + 1000 });
    if (marked(busy).length > 0) alarms++;
    assert.ok(Math.abs(Math.exp(busy.comparisons[0].drift.log) - 1.4) < 0.1, `${seed}`);
    const both = diff({ work: WORK, seed }, { work: slower, seed: seed + 1000 });
    assert.ok(marked(both).includes('parse +'), `${seed}`);
  }
  assert.ok(alarms <= 2, `${alarms} of 20`);
});

test('of two functions the one is marked whose time changed', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const before = { work: { a: 5000, b: 5000 }, seed };
    const after = { work: { a: 5000, b: 6000 }, seed: seed + 1000 };
    assert.deepEqual(marked(diff(before, after)), ['b +'], `${seed}`);
  }
});

test('what is new and what is gone is marked', () => {
  const before = { ...WORK, old: 200 };
  const after = { ...WORK, fresh: 200 };
  const table = diff({ work: before, seed: 3 }, { work: after, seed: 4 });
  assert.deepEqual(marked(table).sort(), ['fresh +', 'old -']);
});
