/** Which colour each function has, and what the legend says of it. */
import { basename } from 'node:path';

import { formatPercent } from '../../base/units.js';
import { libraryOfFile, moduleOfFile } from '../../profile/libraries.js';
import { Layer } from '../../profile/profile.js';
import { NEUTRAL, type FlameFunction, type FlameLayout } from './layout.js';
import { changeLook } from './page/change.js';
import type { LegendEntry } from './page/data.js';
import {
  CHANGE_SWATCHES,
  eventKind,
  hashOf,
  hotSwatches,
  layerSwatches,
  NEUTRAL_SWATCH,
  SHADES,
  wheelSwatches,
  type Lch,
} from './palette.js';
import { visibleText } from './text.js';

/** What a frame's colour tells: its layer, nothing but warmth, its module or package, its name alone. */
export type Colors = 'layer' | 'hot' | 'module' | 'hash';

/**
 * A *look* is one character, base 36, and the number of a swatch: a frame is drawn with the class `f` and
 * its look, by the renderer and by the page's script.
 */
export interface Paint {
  /** At most 36. */
  readonly swatches: readonly Lch[];
  /** The look of each function. */
  readonly looks: readonly string[];
  readonly legend: readonly LegendEntry[];
  /** The look of a frame, where it is not its function's: of a comparison. */
  readonly lookOf?: (frame: number) => string;
}

const HUE_WORDS = ['Python', 'interpreter', 'native', 'kernel', 'unknown', 'waiting', ''] as const;

/** @param event the name of what is counted, whose kind has hues of its own */
export function paintOf(layout: FlameLayout, colors: Colors, event: string): Paint {
  if (layout.other !== undefined) return paintByChange(layout, layout.other);
  switch (colors) {
    case 'layer':
      return paintByLayer(layout, event);
    case 'module':
      return paintByModule(layout);
    case 'hot':
      return paintByName(layout, hotSwatches(eventKind(event), 30));
    case 'hash':
      return paintByName(layout, wheelSwatches(35));
  }
}

function look(swatch: number): string {
  return swatch.toString(36);
}

function paintByLayer(layout: FlameLayout, event: string): Paint {
  return {
    swatches: layerSwatches(eventKind(event)),
    looks: layout.functions.map(({ name, where, hue }) => {
      return look(hue * SHADES + (hashOf(where, name) % SHADES));
    }),
    legend: layerLegend(layout, (hue) => look(hue * SHADES)),
  };
}

/** Each layer that has frames, with the share of time spent in it itself. */
function layerLegend(layout: FlameLayout, lookOf: (hue: number) => string): LegendEntry[] {
  const present = new Set(layout.functions.map((func) => func.hue));
  const entries: LegendEntry[] = [];
  HUE_WORDS.forEach((word, hue) => {
    if (word === '' || !present.has(hue)) return;
    const share = formatPercent(layout.hueWeight[hue], layout.weight[0], 1);
    entries.push({ look: lookOf(hue), text: `${word} ${share}` });
  });
  return entries;
}

/** By name alone: a function has its colour in every picture. */
function paintByName(layout: FlameLayout, swatches: readonly Lch[]): Paint {
  const count = swatches.length;
  return {
    swatches: [...swatches, NEUTRAL_SWATCH],
    looks: layout.functions.map(({ name, hue }) =>
      look(hue === NEUTRAL ? count : hashOf(name) % count),
    ),
    legend: layerLegend(layout, () => ''),
  };
}

const MODULE_HUES = 11;
const MODULE_SHADES = 3;

/** The heaviest modules have a hue each, near to the one that their names ask for; others are grey. */
function paintByModule(layout: FlameLayout): Paint {
  const names = layout.functions.map(moduleName);
  const weights = new Map<string, number>();
  for (let frame = 0; frame < layout.length; frame++) {
    const name = names[layout.func[frame]];
    if (name !== '') weights.set(name, (weights.get(name) ?? 0) + layout.self[frame]);
  }
  const heaviest = [...weights]
    .sort(([a, weight], [b, other]) => other - weight || (a < b ? -1 : 1))
    .slice(0, MODULE_HUES);
  const hueOf = new Map<string, number>();
  const taken = new Set<number>();
  for (const [name] of heaviest) {
    let hue = hashOf(name) % MODULE_HUES;
    while (taken.has(hue)) hue = (hue + 1) % MODULE_HUES;
    taken.add(hue);
    hueOf.set(name, hue);
  }
  const grey = MODULE_HUES * MODULE_SHADES;
  const swatches = wheelSwatches(MODULE_HUES).flatMap(({ l, c, h }) => [
    { l, c, h },
    { l: l + 0.03, c: c - 0.02, h: h - 4 },
    { l: l - 0.03, c, h: h + 4 },
  ]);
  const total = layout.weight[0];
  const listed = heaviest.reduce((sum, [, weight]) => sum + weight, 0);
  const legend = heaviest.map(([name, weight]) => ({
    look: look((hueOf.get(name) ?? 0) * MODULE_SHADES),
    text: `${shorten(visibleText(name))} ${formatPercent(weight, total, 1)}`,
  }));
  if (listed < total * 0.9995) {
    legend.push({ look: look(grey), text: `others ${formatPercent(total - listed, total, 1)}` });
  }
  return {
    swatches: [...swatches, { l: 0.75, c: 0.004, h: 250 }, NEUTRAL_SWATCH],
    looks: layout.functions.map((func, index) => {
      if (func.hue === NEUTRAL) return look(grey + 1);
      const hue = hueOf.get(names[index]);
      return look(
        hue === undefined ? grey : hue * MODULE_SHADES + (hashOf(func.name) % MODULE_SHADES),
      );
    }),
    legend,
  };
}

/** The library or own module of a Python function, the file of others; empty for what is no code. */
function moduleName({ hue, where, module }: FlameFunction): string {
  if (hue === NEUTRAL) return '';
  if (hue === Layer.Python) return libraryOfFile(where) ?? moduleOfFile(where);
  return module ?? (where === '' ? '[unknown]' : basename(where));
}

function shorten(name: string): string {
  const characters = Array.from(name);
  return characters.length <= 32 ? name : `${characters.slice(0, 31).join('')}…`;
}

function paintByChange(layout: FlameLayout, other: Float64Array): Paint {
  const words = ['less than half', '', '', 'as before', '', '', 'more than double, or new'];
  const wholes = [layout.weight[0], layout.otherTotal ?? other[0]] as const;
  const { divisors = wholes, otherIsLater = false } = layout.compared ?? {};
  const [own, others] = divisors;
  return {
    swatches: CHANGE_SWATCHES,
    looks: layout.functions.map(() => '3'),
    legend: words.map((text, level) => ({ look: look(level), text })),
    lookOf: (frame) =>
      otherIsLater
        ? changeLook(other[frame], others, layout.weight[frame], own)
        : changeLook(layout.weight[frame], own, other[frame], others),
  };
}
