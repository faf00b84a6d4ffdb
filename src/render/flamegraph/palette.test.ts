import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  CHANGE_SWATCHES,
  DARK,
  eventKind,
  fillsOf,
  hashOf,
  hotSwatches,
  layerSwatches,
  LIGHT,
  SHADES,
  wheelSwatches,
  type EventKind,
} from './palette.js';

const KINDS: EventKind[] = ['cpu', 'waiting', 'memory'];
const SETS = [
  ...KINDS.map(layerSwatches),
  ...KINDS.map((kind) => hotSwatches(kind, 30)),
  wheelSwatches(35),
  CHANGE_SWATCHES,
];

type Rgb = [number, number, number];

function linear(colour: string): Rgb {
  return [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
}

/** WCAG 2.2's contrast ratio. */
function contrast(a: string, b: string): number {
  const [light, dark] = [a, b]
    .map(linear)
    .map(([r, g, blue]) => 0.2126 * r + 0.7152 * g + 0.0722 * blue)
    .sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

/** Machado, Oliveira and Fernandes 2009, severity 1; on linear RGB. */
const BLINDNESS: Record<string, number[][]> = {
  none: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

function oklab([r, g, b]: number[]): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

for (const [name, theme] of Object.entries({ light: LIGHT, dark: DARK })) {
  test(`${name}: text is readable on every fill and on the page`, () => {
    for (const fill of [...SETS.flatMap((set) => fillsOf(set, theme)), theme.match]) {
      assert.ok(contrast(theme.label, fill) >= 4.5, `${theme.label} on ${fill}`);
    }
    for (const ground of [theme.page, theme.panel]) {
      assert.ok(contrast(theme.ink, ground) >= 7);
      assert.ok(contrast(theme.faint, ground) >= 4.5, `${theme.faint} on ${ground}`);
    }
  });

  for (const [blindness, matrix] of Object.entries(BLINDNESS)) {
    const seenAs = (fill: string): Rgb => {
      const rgb = linear(fill);
      return oklab(matrix.map((row) => row.reduce((sum, x, i) => sum + x * rgb[i], 0)));
    };
    const differ = (fills: readonly string[], what: string): void => {
      const seen = fills.map(seenAs);
      for (let i = 0; i < seen.length; i++) {
        for (let j = 0; j < i; j++) {
          const distance = Math.hypot(...seen[i].map((value, axis) => value - seen[j][axis]));
          // 0.02 is just noticeable, side by side.
          assert.ok(distance >= 0.05, `${what} ${j} and ${i}: ${distance.toFixed(3)}`);
        }
      }
    };
    for (const kind of KINDS) {
      test(`${name}, colour blindness ${blindness}: the layers' hues of ${kind} differ`, () => {
        const fills = fillsOf(layerSwatches(kind), theme);
        differ(
          Array.from({ length: 6 }, (_, hue) => fills[hue * SHADES]),
          'hues',
        );
      });
    }
    test(`${name}, colour blindness ${blindness}: growth, shrinking and neither differ`, () => {
      differ(
        [1, 3, 5].map((level) => fillsOf(CHANGE_SWATCHES, theme)[level]),
        'levels',
      );
    });
  }
}

test('an event has the hues of what it tells of', () => {
  const kinds = (names: string[]): EventKind[] => names.map(eventKind);
  assert.deepEqual(kinds(['cpu-clock', 'cycles:u', 'instructions']), ['cpu', 'cpu', 'cpu']);
  assert.deepEqual(kinds(['offcpu-time', 'sched:sched_switch']), ['waiting', 'waiting']);
  assert.deepEqual(
    kinds(['page-faults', 'minor-faults:u', 'kmem:kmalloc']),
    Array(3).fill('memory'),
  );
});

test('a text has one number, and like texts have unlike ones', () => {
  assert.equal(hashOf('f', 'a.py'), hashOf('f', 'a.py'));
  const shades = new Set(Array.from({ length: 50 }, (_, i) => hashOf(`f${i}`, 'a.py') % SHADES));
  assert.equal(shades.size, SHADES);
});
