/** Names as a person gives them to choose by: `parse`, `Orders.*`, `/^_?json/i`. */
import { StrataError } from '../../base/errors.js';

/** A whole name, or what it must match. */
export type NamePattern = string | RegExp;

/**
 * Reads one name: `/…/` and `/…/i` are regular expressions that match anywhere, `*` stands for any text, and
 * all else for itself.
 * @throws StrataError for a regular expression that is none
 */
export function parseName(text: string): NamePattern {
  const regular = /^\/(.+)\/(i?)$/s.exec(text);
  if (regular !== null) return regularExpression(regular[1], regular[2]);
  if (!text.includes('*')) return text;
  const parts = text.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
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

/** Whether one of the patterns matches a name. */
export function matchesName(patterns: readonly NamePattern[], name: string): boolean {
  return patterns.some((pattern) =>
    typeof pattern === 'string' ? pattern === name : pattern.test(name),
  );
}
