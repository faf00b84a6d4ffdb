/** The inline script of a page of ours, which loads nothing: the sources of functions, and its policy. */
import { createHash } from 'node:crypto';

/** The functions' source text, without comments and indentation. */
export function sourceOf(functions: readonly { toString(): string }[]): string {
  return functions
    .map((code) => code.toString())
    .join('\n')
    .replace(/^\s*(\/\/.*|\/\*\*.*\*\/)?\n/gm, '')
    .replace(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, '')
    .replace(/^ +/gm, '');
}

/** A source expression of Content Security Policy Level 3 (section 2.3.1) for an element's text. */
export function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
