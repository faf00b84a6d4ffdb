/** What the terminal at standard output can show. */
import { ANSI, PLAIN, type Style } from '../render/text/style.js';

export interface Terminal {
  /** Whether to write ANSI colours: only to a terminal, and not against NO_COLOR (no-color.org). */
  readonly colour: boolean;
  /** Columns; `undefined` where the output is no terminal, and lines may be as long as they are. */
  readonly columns: number | undefined;
}

export function describeTerminal(
  stream: { readonly isTTY?: boolean; readonly columns?: number } = process.stdout,
  environment: NodeJS.ProcessEnv = process.env,
): Terminal {
  const terminal = stream.isTTY === true;
  const refused = Boolean(environment['NO_COLOR']) || environment['TERM'] === 'dumb';
  return { colour: terminal && !refused, columns: terminal ? stream.columns : undefined };
}

/** Whether what is written as UTF-8 is read as that: locale(7); where no locale is named, most likely it is. */
export function hasUnicode(environment: NodeJS.ProcessEnv = process.env): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = environment;
  const locale = [LC_ALL, LC_CTYPE, LANG].find(Boolean);
  return locale === undefined || /utf-?8/i.test(locale);
}

/** How text is set off, as `--color` says; `terminal` is where it goes, if it goes to standard output. */
export function styleOf(
  color: 'auto' | 'always' | 'never',
  terminal: Pick<Terminal, 'colour'> | undefined,
): Style {
  return color === 'always' || (color === 'auto' && terminal?.colour === true) ? ANSI : PLAIN;
}

/** Whether there is somebody to browse: both ends are a terminal that can do more than type. */
export function canBrowse(
  { stdin, stdout }: Record<'stdin' | 'stdout', { readonly isTTY?: boolean }> = process,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  const { TERM } = environment;
  return stdin.isTTY === true && stdout.isTTY === true && TERM !== undefined && TERM !== 'dumb';
}
