/**
 * `print fmt:` taken apart: the printf format string in pieces, each conversion with its argument.
 * What is printed is what libtraceevent prints (`parse_args` and `print_parse_data` in
 * event-parse.c), which knows fewer conversions than the kernel.
 */
import { NotUnderstood, type Expression } from './expression.js';

export type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  | {
      readonly kind: 'number' | 'string' | 'pointer';
      readonly spec: Spec;
      readonly argument: Expression;
      /** What stands for `*`. */
      readonly star: Expression | undefined;
    };

/** A conversion: `%-16.8lx`. */
export interface Spec {
  readonly flags: string;
  readonly width: number | '*';
  /** `undefined` where there is none. */
  readonly precision: number | '*' | undefined;
  /** Bits of the argument. */
  readonly bits: 8 | 16 | 32 | 64;
  /** `d`, `s`, or what follows `%p`, such as `I6c`. */
  readonly conversion: string;
}

/** Beyond what any format asks for; keeps a hostile one from filling memory. */
export const MAX_WIDTH = 4096;

const CONVERSION = /%([-+#0]*)(\*|\d*)(?:\.(\*|\d*))?([hlLzZ]*)(.)/sy;
/** What libtraceevent knows behind `%p`; the rest of the kernel's letters it prints as they are. */
const POINTER = /(?:[FSfs]|[Mm][RF]?|[Ii](?:S[pfs]*[hnbl]?c?|4[hnbl]?|6c?)?|U[LlBb]?|h[CDN]?)?/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** @throws NotUnderstood where arguments are missing */
export function parsePrintFormat(format: string, args: readonly Expression[]): Piece[] {
  const pieces: Piece[] = [];
  let next = 0;
  const take = (): Expression => {
    if (next === args.length) throw new NotUnderstood('a conversion without argument');
    return args[next++];
  };
  let text = '';
  let at = 0;
  while (at < format.length) {
    const character = format[at];
    if (character === '\\') {
      const escaped = format[at + 1] ?? '';
      text += ESCAPES[escaped] ?? escaped;
      at += 2;
    } else if (character === '%' && format[at + 1] === '%') {
      text += '%';
      at += 2;
    } else if (character === '%') {
      if (text !== '') pieces.push({ kind: 'literal', text });
      text = '';
      at = parseConversion(format, at, take, pieces);
    } else {
      text += character;
      at++;
    }
  }
  if (text !== '') pieces.push({ kind: 'literal', text });
  return pieces;
}

/** Returns where the conversion ends. */
function parseConversion(
  format: string,
  at: number,
  take: () => Expression,
  pieces: Piece[],
): number {
  CONVERSION.lastIndex = at;
  const parts = CONVERSION.exec(format);
  if (parts === null) return format.length;
  const [, flags, widthText, precisionText, modifiers, letter] = parts;
  let end = CONVERSION.lastIndex;
  const stars = Number(widthText === '*') + Number(precisionText === '*');
  if (stars > 1) throw new NotUnderstood('two widths');
  const star = stars > 0 ? take() : undefined;
  let conversion = letter;
  if (letter === 'p') {
    POINTER.lastIndex = end;
    conversion = POINTER.exec(format)?.[0] ?? '';
    end += conversion.length;
  } else if (!/[cduixXos]/.test(letter)) {
    pieces.push({ kind: 'literal', text: `>${letter}<` });
    return end;
  }
  const spec: Spec = {
    flags,
    width: amount(widthText) ?? 0,
    precision: precisionText === undefined ? undefined : (amount(precisionText) ?? 0),
    bits: letter === 's' || letter === 'p' ? 64 : bitsOf(modifiers),
    conversion,
  };
  const kind = letter === 's' ? 'string' : letter === 'p' ? 'pointer' : 'number';
  pieces.push({ kind, spec, argument: take(), star });
  return end;
}

function amount(text: string): number | '*' | undefined {
  if (text === '') return undefined;
  return text === '*' ? '*' : Math.min(Number(text), MAX_WIDTH);
}

function bitsOf(modifiers: string): Spec['bits'] {
  let longs = 0;
  for (const letter of modifiers) {
    if (letter === 'h') longs--;
    else if (letter === 'l') longs++;
    else longs = letter === 'L' ? 2 : 1;
  }
  if (longs < -2 || longs > 2) throw new NotUnderstood(modifiers);
  return longs > 0 ? 64 : longs === 0 ? 32 : longs === -1 ? 16 : 8;
}

/** A number as C's printf prints it. @param star the value of `*` */
export function formatNumber(spec: Spec, value: bigint, star: number): string {
  const { flags, bits, conversion } = spec;
  if (conversion === 'c') return pad(String.fromCharCode(Number(value & 0xffn)), spec, star);
  const signed = conversion === 'd' || conversion === 'i';
  const number = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  const base = conversion === 'x' || conversion === 'X' ? 16 : conversion === 'o' ? 8 : 10;
  const isPlain = flags === '' && spec.width === 0 && spec.precision === undefined;
  if (isPlain && conversion !== 'X') return number.toString(base);
  const magnitude = number < 0n ? -number : number;
  const precision = resolve(spec.precision, star);
  let digits = magnitude === 0n && precision === 0 ? '' : magnitude.toString(base);
  let sign = number < 0n ? '-' : signed && flags.includes('+') ? '+' : '';
  if (flags.includes('#') && magnitude !== 0n && base !== 10) sign = base === 16 ? '0x' : '0';
  if (precision !== undefined && precision >= 0) digits = digits.padStart(precision, '0');
  else if (flags.includes('0') && !flags.includes('-')) {
    digits = digits.padStart(widthOf(spec, star) - sign.length, '0');
  }
  const text = sign + digits;
  return pad(conversion === 'X' ? text.toUpperCase() : text, spec, star);
}

export function formatString(spec: Spec, text: string, star: number): string {
  const precision = resolve(spec.precision, star);
  return pad(
    precision === undefined || precision < 0 ? text : text.slice(0, precision),
    spec,
    star,
  );
}

function pad(text: string, spec: Spec, star: number): string {
  const width = widthOf(spec, star);
  const left = spec.flags.includes('-') || (spec.width === '*' && star < 0);
  return left ? text.padEnd(width) : text.padStart(width);
}

function widthOf(spec: Spec, star: number): number {
  return Math.min(MAX_WIDTH, spec.width === '*' ? Math.abs(star) : spec.width);
}

function resolve(amount: number | '*' | undefined, star: number): number | undefined {
  return amount === '*' ? Math.min(star, MAX_WIDTH) : amount;
}
