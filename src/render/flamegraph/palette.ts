/**
 * Hues of the layers. They follow Okabe and Ito's colour-blind-safe set (orange, purple, sky blue,
 * bluish green, grey, vermilion), at a lightness that carries dark text in a light and in a dark page. Shades of
 * one hue differ a little, so that neighbours can be told apart.
 */
export const SHADES = 5;

interface Lch {
  /** OKLCH (Ottosson 2020): lightness 0 to 1, chroma, hue in degrees. */
  readonly l: number;
  readonly c: number;
  readonly h: number;
}

/** Indexed by hue: the layers' numbers, then that of waiting, then the neutral one. */
const HUES: readonly Lch[] = [
  { l: 0.83, c: 0.13, h: 76 },
  { l: 0.73, c: 0.115, h: 320 },
  { l: 0.79, c: 0.095, h: 238 },
  { l: 0.78, c: 0.13, h: 160 },
  { l: 0.68, c: 0.004, h: 250 },
  { l: 0.69, c: 0.145, h: 40 },
  { l: 0.89, c: 0.01, h: 250 },
];

/** What the legend calls each hue. */
export const HUE_WORDS = [
  'Python',
  'interpreter',
  'native',
  'kernel',
  'unknown',
  'waiting',
  '',
] as const;

const SHADE_STEPS: readonly Lch[] = [
  { l: 0, c: 0, h: 0 },
  { l: 0.035, c: -0.012, h: -6 },
  { l: -0.03, c: 0.006, h: 5 },
  { l: 0.018, c: 0.008, h: 9 },
  { l: -0.014, c: -0.006, h: -9 },
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
  /** `fills[hue][shade]`. */
  readonly fills: readonly (readonly string[])[];
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
  fills: fills(0, 1),
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
  fills: fills(-0.045, 0.95),
};

function fills(lightness: number, chroma: number): string[][] {
  return HUES.map((hue) =>
    SHADE_STEPS.map((step) =>
      hex({
        l: hue.l + lightness + step.l,
        c: Math.max(0, (hue.c + (hue.c < 0.02 ? 0 : step.c)) * chroma),
        h: hue.h + step.h,
      }),
    ),
  );
}

/** The shade of a function: always the same one, whatever else the profile holds. */
export function shadeOf(name: string, where: string): number {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits
  for (const text of [where, name]) {
    for (let i = 0; i < text.length; i++) {
      hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    }
  }
  return ((hash ^ (hash >>> 15)) >>> 0) % SHADES;
}

/** The one character that stands for a hue's shade in data and class names: base 36. */
export function lookCode(hue: number, shade: number): string {
  return (hue * SHADES + shade).toString(36);
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
