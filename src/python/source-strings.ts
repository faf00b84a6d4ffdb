/**
 * Where string literals of Python source end (the language reference, 2.4 "Literals"; PEP 701 for f-strings,
 * which may hold strings of their own in the same quotes). Nothing here is an error: what does not end
 * ends where its line or the text does.
 */

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COLON = 0x3a;

/** f-strings within f-strings; CPython allows 150 (`MAXFSTRINGLEVEL`). */
const MAX_NESTING = 150;

export function isQuote(code: number): boolean {
  return code === QUOTE || code === APOSTROPHE;
}

/** Whether a name directly before a quote makes the literal an f-string or a t-string (PEP 750). */
export function isFormatPrefix(prefix: string): boolean {
  return /^(?:[ft]r?|r[ft])$/i.test(prefix);
}

/**
 * The position behind a string literal.
 * @param at of its first quote
 * @param isFormat whether it is an f-string
 */
export function endOfString(text: string, at: number, isFormat: boolean, nesting = 0): number {
  const quote = text.charCodeAt(at);
  const isTriple = text.charCodeAt(at + 1) === quote && text.charCodeAt(at + 2) === quote;
  for (let i = at + (isTriple ? 3 : 1); i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === quote) {
      if (!isTriple) return i + 1;
      if (text.charCodeAt(i + 1) === quote && text.charCodeAt(i + 2) === quote) return i + 3;
    } else if (code === NEWLINE && !isTriple) return i;
    else if (isFormat && code === OPEN && nesting < MAX_NESTING) {
      if (text.charCodeAt(i + 1) === OPEN) i++;
      else i = endOfField(text, i + 1, nesting) - 1;
    }
  }
  return text.length;
}

/** The position behind the brace that closes a replacement field, which begins at `at`. */
function endOfField(text: string, at: number, nesting: number): number {
  let depth = 0;
  let inFormat = false;
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === OPEN && inFormat && nesting < MAX_NESTING) {
      i = endOfField(text, i + 1, nesting + 1) - 1;
    } else if (code === CLOSE && depth === 0) return i + 1;
    else if (inFormat) continue;
    else if (isQuote(code)) i = endOfString(text, i, isFormatBefore(text, i), nesting + 1) - 1;
    else if (code === 0x28 || code === 0x5b || code === OPEN) depth++;
    else if (code === 0x29 || code === 0x5d || code === CLOSE) depth--;
    else if (code === COLON && depth === 0) inFormat = true;
  }
  return text.length;
}

function isFormatBefore(text: string, at: number): boolean {
  const prefix = /(?<![\p{L}\p{N}_])[a-zA-Z]{1,2}$/u.exec(text.slice(Math.max(0, at - 3), at));
  return prefix !== null && isFormatPrefix(prefix[0]);
}
