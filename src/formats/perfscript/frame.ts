/**
 * One line of a stack, `ADDRESS SYMBOL+0xOFFSET (DSO)`, as `sample__fprintf_callchain` writes it
 * (tools/perf/util/evsel_fprintf.c). Which parts are there depends on `perf script -F`:
 *
 *     ffffffff8103ce3b native_safe_halt+0x6 ([kernel.kallsyms])
 *         55d0c2a1b2c3 std::vector<int>::push_back+0x1f (inlined)
 *         7f53389994d0 [unknown] (/usr/lib/libfoo.so (deleted))
 *
 * and, with `srcline`, on a line of its own after it, `  file.c:12` or `  file.c:12 (inlined)`.
 * Only distinct lines come here, so they come as strings.
 */
import { parseAddress, type Address } from '../../base/units.js';

/** A frame as it is written. */
export interface ScriptFrame {
  /** As printed: of user code perf prints, according to its version, run-time or file addresses. */
  readonly address: Address;
  /** Without its offset; `undefined` where there is none, or perf does not know it. */
  readonly symbol: string | undefined;
  /** The mapped file or pseudo-file; `undefined` of inlined functions, and where unknown. */
  readonly dso: string | undefined;
  /** Whether the function is inlined into that of the next frame outwards. */
  readonly inlined: boolean;
}

/** Where an instruction stands in its source. */
export interface ScriptSourceLine {
  readonly file: string;
  readonly line: number;
  readonly inlined: boolean;
}

const INLINED = ' (inlined)';
const UNKNOWN = '[unknown]';

/** Reads a frame; `undefined` where the text is none. Blanks around it do not matter. */
export function parseFrame(text: string): ScriptFrame | undefined {
  const line = text.trim();
  const space = line.indexOf(' ');
  const address = parseAddress(space < 0 ? line : line.slice(0, space));
  if (address === undefined) return undefined;
  const rest = space < 0 ? '' : line.slice(space + 1);
  if (rest.endsWith(INLINED)) {
    const symbol = symbolName(rest.slice(0, -INLINED.length));
    return { address, symbol, dso: undefined, inlined: true };
  }
  const open = rest.endsWith(')') ? dsoStart(rest) : -1;
  if (open < 0) return { address, symbol: symbolName(rest), dso: undefined, inlined: false };
  const symbol = symbolName(rest.slice(0, open));
  return { address, symbol, dso: dsoName(rest.slice(open + 1, -1)), inlined: false };
}

/** Reads what `srcline` adds; `undefined` where the text is none. `line` is -1 where perf knew none. */
export function parseSourceLine(text: string): ScriptSourceLine | undefined {
  let place = text.trim();
  const inlined = place.endsWith(INLINED);
  if (inlined) place = place.slice(0, -INLINED.length);
  // Without debug information: `main+27`, `libc.so.6[2724a]`, `:0`.
  if (/^(?:\S+\+\d+|\S+\[[0-9a-f]+\]|:0|\?\?:[0?]+)$/.test(place)) {
    return { file: '', line: -1, inlined };
  }
  const named = /^(.+):(\d{1,9})(?: \(discriminator \d+\))?$/.exec(place);
  if (named !== null) return { file: named[1], line: Number(named[2]), inlined };
  return undefined;
}

/**
 * Where the `(` of the dso stands in `SYMBOL (DSO)`. Both parts may have parentheses and spaces; the
 * symbol's offset tells where it ends, without one the parentheses are counted from the end.
 */
export function dsoStart(text: string): number {
  for (let at = text.lastIndexOf('+0x'); at >= 0; at = text.lastIndexOf('+0x', at - 1)) {
    let end = at + 3;
    while (isHexDigit(text.charCodeAt(end))) end++;
    if (end > at + 3 && text.startsWith(' (', end)) return end + 1;
    if (at === 0) break;
  }
  let depth = 0;
  for (let at = text.length - 1; at >= 0; at--) {
    const char = text[at];
    if (char === ')') depth++;
    else if (char === '(' && --depth === 0) {
      if (at === 0 || text[at - 1] === ' ') return at;
    }
  }
  const last = text.lastIndexOf(' (');
  return last < 0 ? -1 : last + 1;
}

function symbolName(text: string): string | undefined {
  const name = withoutOffset(text.trim());
  return name === '' || name === UNKNOWN ? undefined : name;
}

/** With `-F dsoff` a dso carries the offset in its file. */
function dsoName(text: string): string | undefined {
  const name = withoutOffset(text);
  return name === '' || name === UNKNOWN ? undefined : name;
}

function withoutOffset(text: string): string {
  let digits = text.length;
  while (isHexDigit(text.charCodeAt(digits - 1))) digits--;
  const hasOffset = digits < text.length && digits > 3 && text.endsWith('+0x', digits);
  return hasOffset ? text.slice(0, digits - 3) : text;
}

function isHexDigit(char: number): boolean {
  return (char >= 0x30 && char <= 0x39) || (char >= 0x61 && char <= 0x66);
}
