/**
 * Names come from the profiled program and from files: they are hostile until made harmless here, once,
 * before any of them reaches XML or a script.
 */

/**
 * What a person must not be shown raw: control and format characters (bidirectional overrides,
 * zero-width characters), line separators, lone surrogates and non-characters. XML 1.0 (section 2.2)
 * forbids several of them altogether.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

/** `text` with unprintable characters written as Python would write them: `\x1b`, `\u202e`. */
export function visibleText(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
    if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
    return `\\U${code.toString(16).padStart(8, '0')}`;
  });
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** `text` for XML content and attribute values, unprintable characters made visible. */
export function escapeXml(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/**
 * `value` as a JavaScript literal that is inert whatever surrounds it: no `<`, `>` or `&`, so that it
 * ends neither a CDATA section nor a script element, and nothing that a line ends at.
 */
export function scriptLiteral(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
