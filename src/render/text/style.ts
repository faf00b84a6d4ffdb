/** Colours, where they were asked for. A printer is handed a style and never looks at the terminal. */

export interface Style {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  /** Much of the whole, and some of it. */
  readonly hot: (text: string) => string;
  readonly warm: (text: string) => string;
  /** What became less. */
  readonly good: (text: string) => string;
}

const unchanged = (text: string) => text;

export const PLAIN: Style = {
  strong: unchanged,
  faint: unchanged,
  hot: unchanged,
  warm: unchanged,
  good: unchanged,
};

/** Select Graphic Rendition (ECMA-48 8.3.117); the sixteen colours follow the terminal's theme. */
const sgr = (code: number) => (text: string) => `\x1b[${code}m${text}\x1b[0m`;

export const ANSI: Style = {
  strong: sgr(1),
  faint: sgr(2),
  hot: sgr(31),
  warm: sgr(33),
  good: sgr(32),
};
