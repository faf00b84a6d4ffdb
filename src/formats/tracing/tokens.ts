/**
 * The words of a `format` file. Text is one character per byte (latin1), so that widths and
 * precisions count bytes, as C's printf does; what is printed is decoded as UTF-8 at the very end.
 */

export type TokenKind = 'item' | 'string' | 'character' | 'punctuation' | 'newline' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Without the quotes of a string or a character. */
  readonly text: string;
}

const END: Token = { kind: 'end', text: '' };

/** Longest first; single characters need no line. */
const OPERATORS = /->|<<|>>|<=|>=|==|!=|&&|\|\||[^\sA-Za-z0-9_"']/y;
const ITEM = /[A-Za-z0-9_]+/y;
const BLANKS = /[ \t\r\v\f]*/y;
/** Adjacent strings are one, as in C. Escapes stay as they are. */
const STRING = /"((?:[^"\\]|\\[^])*)"/y;
const CHARACTER = /'((?:[^'\\]|\\[^])*)'/y;
const SPACE_BEFORE_STRING = /\s*(?=")/y;

/** Reads tokens one after another from `text`, with one of look-ahead. */
export class Tokens {
  private position = 0;
  private ahead: Token | undefined;

  constructor(private readonly text: string) {}

  peek(): Token {
    return (this.ahead ??= this.read());
  }

  next(): Token {
    const token = this.peek();
    this.ahead = undefined;
    return token;
  }

  /** Whether the next token is this punctuation; then it is taken. */
  accept(punctuation: string): boolean {
    const { kind, text } = this.peek();
    if (kind !== 'punctuation' || text !== punctuation) return false;
    this.ahead = undefined;
    return true;
  }

  /** A mark to come back to with {@link rewind}. */
  mark(): number {
    this.peek();
    return this.before;
  }

  rewind(mark: number): void {
    this.position = mark;
    this.ahead = undefined;
  }

  /** Where the token that was looked at begins. */
  private before = 0;

  private read(): Token {
    this.match(BLANKS);
    this.before = this.position;
    const first = this.text[this.position];
    if (first === undefined) return END;
    if (first === '\n') {
      this.position++;
      return { kind: 'newline', text: '\n' };
    }
    if (first === '"') return this.readString();
    if (first === "'") {
      const character = this.match(CHARACTER);
      return character === undefined ? END : { kind: 'character', text: character[1] };
    }
    const item = this.match(ITEM);
    if (item !== undefined) return { kind: 'item', text: item[0] };
    return { kind: 'punctuation', text: this.match(OPERATORS)?.[0] ?? '' };
  }

  private readString(): Token {
    let text = '';
    do {
      const part = this.match(STRING);
      if (part === undefined) return END;
      text += part[1];
    } while (this.match(SPACE_BEFORE_STRING) !== undefined);
    return { kind: 'string', text };
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.position = pattern.lastIndex;
    return found;
  }
}
