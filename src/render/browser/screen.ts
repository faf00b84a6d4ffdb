/**
 * What stands on the terminal, and what must be written to make it something else: lines that did not change
 * are not written again. Sequences are of ECMA-48 and xterm's ctlseqs; a terminal passes over those that it
 * does not know.
 */
import { columns } from '../text/text.js';
import type { Line, Look } from './line.js';

/**
 * Alternate screen; no cursor; no wrapping, should a terminal hold a character for wider than we do; pasted
 * text in brackets; mouse buttons and wheel (1000) in a form without a limit of columns (1006).
 */
export const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[?1000h\x1b[?1006h\x1b[H\x1b[2J';
export const LEAVE =
  '\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l';

/** Terminals that know synchronized output (mode 2026) show what is between these at once. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

/** The sixteen colours follow the terminal's theme; red and green are read on dark and light, yellow is not. */
const COLOURS: Readonly<Record<Look, string>> = {
  plain: '',
  strong: '1',
  faint: '2',
  hot: '31',
  warm: '32',
  bar: '7',
  chosen: '7',
};
/** NO_COLOR leaves weight and reversal: without the latter nobody saw where the cursor is. */
const NO_COLOURS: Readonly<Record<Look, string>> = { ...COLOURS, hot: '1', warm: '' };

/** What stands for signs of ours where there is ASCII alone. */
const ASCII: Readonly<Record<string, string>> = {
  '…': '~',
  '·': '|',
  '›': '>',
  '│': '|',
  '–': '-',
  '’': "'",
  '“': '"',
  '”': '"',
};

export class Screen {
  private drawn: string[] = [];

  /** @param hasUnicode false where bytes beyond ASCII would be other characters than meant */
  constructor(
    private readonly hasColours: boolean,
    private readonly hasUnicode = true,
  ) {}

  /** All is to be written again: the terminal has another size, or something else wrote to it. */
  forget(): void {
    this.drawn = [];
  }

  /** What to write for these lines to stand on the terminal; empty where they do. */
  draw(lines: readonly Line[]): string {
    const isNew = this.drawn.length !== lines.length;
    let text = isNew ? '\x1b[0m\x1b[2J' : '';
    lines.forEach((line, index) => {
      const shown = this.encode(line);
      if (!isNew && shown === this.drawn[index]) return;
      // Erased before, not after: behind the last column the cursor still stands on it.
      text += `\x1b[${index + 1};1H\x1b[2K${shown}`;
      this.drawn[index] = shown;
    });
    this.drawn.length = lines.length;
    return text === '' ? '' : BEGIN + text + END;
  }

  private encode(line: Line): string {
    const codes = this.hasColours ? COLOURS : NO_COLOURS;
    return line
      .map(({ text, look }) => {
        const shown = this.hasUnicode ? text : inAscii(text);
        return codes[look] === '' ? shown : `\x1b[${codes[look]}m${shown}\x1b[0m`;
      })
      .join('');
  }
}

/** The text in as many columns. */
function inAscii(text: string): string {
  return text.replace(
    /[^\u0000-\u007f]/gu, // eslint-disable-line no-control-regex
    (character) => ASCII[character] ?? '?'.repeat(columns(character)),
  );
}
