/** The words of other programs' command lines, by getopt_long(3). */

/** Which options take a value; all others stand alone. */
export interface OptionSyntax {
  /** Letters of short ones. */
  readonly short?: string;
  /** Long ones whose value may be the next word. */
  readonly long?: readonly string[];
  /** `-` is an option, as of env(1), and not the standard input. */
  readonly dash?: boolean;
}

/** Without its hyphens; what takes no value has none. */
export type Option = readonly [name: string, value: string | undefined];

/**
 * Divides options from what follows them.
 * @param last names of options after which what follows begins
 */
export function takeOptions(
  words: readonly string[],
  { short = '', long = [], dash = false }: OptionSyntax,
  last: readonly string[] = [],
): { options: Option[]; rest: string[] } {
  const options: Option[] = [];
  let i = 0;
  const push = (name: string, value: string | undefined): boolean => {
    options.push([name, value]);
    return last.includes(name);
  };
  for (; i < words.length; i++) {
    const word = words[i];
    if (word === '--') {
      i++;
      break;
    }
    if (!word.startsWith('-') || (word === '-' && !dash)) break;
    if (word.startsWith('--')) {
      const [name, value] = divide(word.slice(2));
      const next = value === undefined && long.includes(name) ? words[++i] : value;
      if (push(name, next)) return { options, rest: words.slice(i + 1) };
      continue;
    }
    if (word === '-') push('', undefined);
    for (let at = 1; at < word.length; at++) {
      const takesValue = short.includes(word[at]);
      const value = takesValue ? word.slice(at + 1) || words[++i] : undefined;
      if (push(word[at], value)) return { options, rest: words.slice(i + 1) };
      if (takesValue) break;
    }
  }
  return { options, rest: words.slice(i) };
}

/** Divides at the first `=`. */
export function divide(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
