/** Text of a command line → words, as a shell would part it; and back. */

/** What has a meaning to a shell outside quotes beyond parting words. */
const SPECIAL = /[|&;<>()$\x60*?[\]#~={}!\n]/;

/**
 * The words of a command line that asks for nothing but words: quotes and backslashes are understood.
 * @returns `undefined` where it takes a shell: variables, pipes, patterns, assignments, an open quote
 */
export function shellWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  // Single quotes keep everything, double quotes all but $ and \`, in which a backslash escapes few characters.
  const pieces = /\s+|'([^']*)'|"((?:[^"\\$\x60]|\\[^])*)"|\\([^])|([^\s'"\\]+)|[^]/gy;
  for (const [whole, single, double, escaped, plain] of line.matchAll(pieces)) {
    if (plain !== undefined && SPECIAL.test(plain)) return undefined;
    const text = single ?? double?.replace(/\\([\\"$\x60])/g, '$1') ?? escaped ?? plain;
    if (text !== undefined) {
      word = (word ?? '') + text;
    } else if (/^\s/.test(whole) && !whole.includes('\n')) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      return undefined;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** A word as a shell is to be given it. */
export function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
