/**
 * Colours: what themes have, and sets of hues to tell frames by. All are OKLCH, at a lightness that carries
 * dark text in a light and in a dark page.
 */
import { isOffCpu } from '../../profile/waits.js';

export interface Lch {
  /** OKLCH (Ottosson 2020): lightness 0 to 1, chroma, hue in degrees. */
  readonly l: number;
  readonly c: number;
  readonly h: number;
}

/** What an event tells of: each kind has hues of its own, so that pictures are not taken for each other. */
export type EventKind = 'cpu' | 'waiting' | 'memory';

/** perf's names of software events and the kernel's of tracepoints. */
export function eventKind(name: string): EventKind {
  if (isOffCpu({ name }) || /^(sched:|block:|context-switches|cs\b)/.test(name)) return 'waiting';
  const memory =
    /(^|[-:_])(page[-_]faults?|(minor|major)-faults|faults)|^(kmem|exceptions):|malloc|alloc|brk|mmap/;
  return memory.test(name) ? 'memory' : 'cpu';
}

/**
 * Hues of the layers, indexed by a function's `hue`: the layers' numbers, then that of waiting, then the
 * neutral one. Those of CPU time follow Okabe and Ito's colour-blind-safe set (orange, purple, sky blue,
 * bluish green, grey, vermilion).
 */
const LAYER_HUES: Readonly<Record<EventKind, readonly Lch[]>> = {
  cpu: [
    { l: 0.83, c: 0.13, h: 76 },
    { l: 0.73, c: 0.115, h: 320 },
    { l: 0.79, c: 0.095, h: 238 },
    { l: 0.78, c: 0.13, h: 160 },
    { l: 0.68, c: 0.004, h: 250 },
    { l: 0.69, c: 0.145, h: 40 },
    { l: 0.89, c: 0.01, h: 250 },
  ],
  waiting: [
    { l: 0.84, c: 0.107, h: 263 },
    { l: 0.68, c: 0.111, h: 304 },
    { l: 0.89, c: 0.076, h: 196 },
    { l: 0.77, c: 0.089, h: 184 },
    { l: 0.69, c: 0.004, h: 257 },
    { l: 0.75, c: 0.113, h: 260 },
    { l: 0.91, c: 0.01, h: 250 },
  ],
  memory: [
    { l: 0.88, c: 0.175, h: 123 },
    { l: 0.76, c: 0.078, h: 319 },
    { l: 0.82, c: 0.085, h: 162 },
    { l: 0.77, c: 0.121, h: 85 },
    { l: 0.68, c: 0.004, h: 247 },
    { l: 0.68, c: 0.129, h: 70 },
    { l: 0.91, c: 0.01, h: 140 },
  ],
};

/** Shades of one hue differ a little, so that neighbours can be told apart. */
const SHADE_STEPS: readonly Lch[] = [
  { l: 0, c: 0, h: 0 },
  { l: 0.035, c: -0.012, h: -6 },
  { l: -0.03, c: 0.006, h: 5 },
  { l: 0.018, c: 0.008, h: 9 },
  { l: -0.014, c: -0.006, h: -9 },
];
export const SHADES = SHADE_STEPS.length;

/** All shades of all layers' hues: those of a hue beside each other. */
export function layerSwatches(kind: EventKind): Lch[] {
  return LAYER_HUES[kind].flatMap((hue) =>
    SHADE_STEPS.map((step) => ({
      l: hue.l + step.l,
      c: Math.max(0, hue.c + (hue.c < 0.02 ? 0 : step.c)),
      h: hue.h + step.h,
    })),
  );
}

/** Of what stands for no code, in every set of colours. */
export const NEUTRAL_SWATCH: Lch = { l: 0.89, c: 0.01, h: 250 };

/** Where the classic picture's warm hues begin and end; of waiting they are cool, of memory green. */
const HOT_HUES: Readonly<Record<EventKind, readonly [number, number]>> = {
  cpu: [28, 98],
  waiting: [200, 285],
  memory: [115, 170],
};

/** `count` hues between two, in three lightnesses that take turns. */
export function hotSwatches(kind: EventKind, count: number): Lch[] {
  const [from, to] = HOT_HUES[kind];
  return Array.from({ length: count }, (_, i) => ({
    l: 0.74 + 0.13 * (i / (count - 1)) + 0.02 * ((i % 3) - 1),
    c: 0.145,
    h: from + ((to - from) * i) / (count - 1),
  }));
}

/** `count` hues around the whole circle, neighbours of different lightness. */
export function wheelSwatches(count: number): Lch[] {
  return Array.from({ length: count }, (_, i) => ({
    l: [0.74, 0.86, 0.8][i % 3],
    c: 0.115,
    h: (360 * i) / count + 20,
  }));
}

/** Of a comparison, by `changeLook`: blue shrank, red grew. */
export const CHANGE_SWATCHES: readonly Lch[] = [
  { l: 0.71, c: 0.135, h: 252 },
  { l: 0.79, c: 0.095, h: 250 },
  { l: 0.87, c: 0.05, h: 248 },
  { l: 0.91, c: 0.006, h: 250 },
  { l: 0.87, c: 0.055, h: 40 },
  { l: 0.79, c: 0.11, h: 34 },
  { l: 0.7, c: 0.165, h: 28 },
];

export interface Theme {
  readonly page: string;
  readonly panel: string;
  readonly line: string;
  readonly ink: string;
  /** Secondary text. */
  readonly faint: string;
  /** Text in frames. */
  readonly label: string;
  /** Frames that match a search. */
  readonly match: string;
  readonly focus: string;
  /** What is added to a swatch's lightness, and what its chroma is multiplied by. */
  readonly lightness: number;
  readonly chroma: number;
}

export const LIGHT: Theme = {
  page: '#ffffff',
  panel: '#f5f6f8',
  line: '#d5d9e0',
  ink: '#1a1d23',
  faint: '#59616e',
  label: '#14161a',
  match: '#ff5ce1',
  focus: '#0b57d0',
  lightness: 0,
  chroma: 1,
};

export const DARK: Theme = {
  page: '#14161a',
  panel: '#1d2026',
  line: '#3a3f49',
  ink: '#eceef2',
  faint: '#a3abb8',
  label: '#0d0f12',
  match: '#ff6fe7',
  focus: '#8ab4f8',
  lightness: -0.045,
  chroma: 0.95,
};

/** Swatches as `#rrggbb` in a theme. */
export function fillsOf(swatches: readonly Lch[], { lightness, chroma }: Theme): string[] {
  return swatches.map(({ l, c, h }) => hex({ l: l + lightness, c: c * chroma, h }));
}

/** A text's number, always the same one (FNV-1a, 32 bits). */
export function hashOf(...texts: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) {
      hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    }
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** OKLCH to `#rrggbb`, clipped to sRGB. */
function hex({ l, c, h }: Lch): string {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const middle = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const rgb = [
    4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * middle + 1.707614701 * short,
  ];
  return `#${rgb.map((linear) => channel(linear).toString(16).padStart(2, '0')).join('')}`;
}

function channel(linear: number): number {
  const clipped = Math.min(1, Math.max(0, linear));
  const gamma = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(gamma * 255);
}
