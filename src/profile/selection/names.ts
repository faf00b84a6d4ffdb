/** Names as a person gives them to choose by: `parse`, `Orders.*`, `/^_?json/i`. */
import { runInNewContext } from 'node:vm';

import { StrataError } from '../../base/errors.js';

/** A whole name, or what it must match. */
export type NamePattern = string | Glob | RegExp;

/** A name in which `*` stands for any text, once or more. Each part is looked for once, behind the one before. */
export class Glob {
  private readonly parts: readonly string[];

  constructor(text: string) {
    this.parts = text.split('*');
  }

  test(name: string): boolean {
    const first = this.parts[0];
    const last = this.parts[this.parts.length - 1];
    let at = first.length;
    if (!name.startsWith(first) || !name.endsWith(last)) return false;
    for (const part of this.parts.slice(1, -1)) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at + last.length <= name.length;
  }
}

/**
 * Reads one name: `/…/` and `/…/i` are regular expressions that match anywhere, `*` stands for any text, and
 * all else for itself.
 * @throws StrataError for a regular expression that is none
 */
export function parseName(text: string): NamePattern {
  const regular = /^\/(.+)\/(i?)$/s.exec(text);
  if (regular !== null) return regularExpression(regular[1], regular[2]);
  return text.includes('*') ? new Glob(text) : text;
}

/** @throws StrataError where the text is no regular expression */
export function regularExpression(text: string, flags = ''): RegExp {
  try {
    return new RegExp(text, flags);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /, '') : String(error);
    throw new StrataError(`'${text}' is no regular expression: ${reason}`);
  }
}

/**
 * Reads names separated by commas. Commas within brackets or slashes divide nothing: `f(int, char)`,
 * `/a{1,2}/`.
 * @throws StrataError for an empty name, or a regular expression that is none
 */
export function parseNames(text: string): NamePattern[] {
  const names: string[] = [];
  let name = '';
  let depth = 0;
  let inSlashes = false;
  for (const letter of text) {
    if (letter === ',' && depth === 0 && !inSlashes) {
      names.push(name);
      name = '';
      continue;
    }
    if (letter === '/' && (name === '' || inSlashes) && !name.endsWith('\\'))
      inSlashes = name === '';
    else if (!inSlashes && '([<{'.includes(letter)) depth++;
    else if (!inSlashes && ')]>}'.includes(letter)) depth = Math.max(0, depth - 1);
    name += letter;
  }
  // Names of paths begin with a slash that nothing closes, and operators have brackets of their own.
  if (inSlashes || depth > 0) return text.split(',').map(requireName).map(parseName);
  return [...names, name].map(requireName).map(parseName);
}

function requireName(name: string): string {
  if (name === '') throw new StrataError('an empty name: give names separated by commas');
  return name;
}

/** What regular expressions may take for all of a recording's names. */
const MOST_MS = 10_000;

/**
 * 1 for each name that one of the patterns matches.
 * @throws StrataError for a regular expression that does not get through: on some names one like `(a+)+$`
 *   tries more ways than it could in years, and names are whatever a recording says
 */
export function matchNames(
  patterns: readonly NamePattern[],
  names: readonly string[],
  mostMs = MOST_MS,
): Uint8Array {
  const matched = new Uint8Array(names.length);
  const match = (): void => {
    names.forEach((name, index) => {
      if (patterns.some((pattern) => matches(pattern, name))) matched[index] = 1;
    });
  };
  const expressions = patterns.filter((pattern) => pattern instanceof RegExp);
  if (expressions.length === 0) match();
  else inTime(match, expressions, mostMs);
  return matched;
}

function matches(pattern: NamePattern, name: string): boolean {
  return typeof pattern === 'string' ? pattern === name : pattern.test(name);
}

function inTime(match: () => void, expressions: readonly RegExp[], mostMs: number): void {
  try {
    // The only limit that interrupts a regular expression.
    runInNewContext('match()', { match }, { timeout: mostMs });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new StrataError(
      `${expressions.join(', ')} did not get through the names in ${mostMs / 1000} s`,
      'repeats within repeats, as in (a+)+, try all ways to divide a name',
    );
  }
}
