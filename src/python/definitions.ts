/**
 * Where a Python source file defines its functions, by the qualified names that code objects have
 * (`co_qualname`): `Class.method`, `outer.<locals>.inner`, `<lambda>`, `f.<locals>.<genexpr>`. CPython names
 * functions by file and qualified name alone, so that the line must be found in the source.
 *
 * It reads what it needs of the language and takes everything else as it comes: a file that is no Python has
 * no definitions, or wrong ones, and is never an error.
 */
import { endOfString, isFormatPrefix, isQuote } from './source-strings.js';

/** A function, a class body, a lambda or a comprehension; lines count from 1. */
export interface Definition {
  readonly qualname: string;
  /** The first decorator's line, or the same as `line`. */
  readonly first: number;
  /** Where `def`, `class`, `lambda` or the comprehension's bracket stands. */
  readonly line: number;
  /** The last line that is part of it. */
  readonly last: number;
}

/** The compiler's own limits, about (`MAXINDENT`, `MAXLEVEL` of the tokenizer). */
const MAX_SCOPES = 100;
const MAX_BRACKETS = 200;
/** Lambdas within each other; nobody writes as many. */
const MAX_LAMBDAS = 20;
const MAX_NAME = 1000;
/** Longer ones are cut: no recording holds them. */
const MAX_QUALNAME = 4096;

/** All definitions of a file by qualified name; several where a name is defined more than once. */
export function definitionsOf(text: string): ReadonlyMap<string, readonly Definition[]> {
  const scanner = new Scanner(text);
  scanner.run();
  const byName = new Map<string, Definition[]>();
  const inlinedNames = new Map<string, Definition[]>();
  for (const scope of scanner.found) {
    const { first, line, last } = scope;
    add(byName, { qualname: scope.qualname(false), first, line, last });
    // Since 3.12 comprehensions, but not generators, are part of the function around (PEP 709).
    add(inlinedNames, { qualname: scope.qualname(true), first, line, last });
  }
  for (const [name, definitions] of inlinedNames) {
    if (!byName.has(name)) byName.set(name, definitions);
  }
  const last = scanner.lastCode;
  byName.set('<module>', [{ qualname: '<module>', first: 1, line: 1, last }]);
  return byName;
}

function add(map: Map<string, Definition[]>, definition: Definition): void {
  const known = map.get(definition.qualname);
  if (known === undefined) map.set(definition.qualname, [definition]);
  else known.push(definition);
}

type Kind = 'function' | 'class' | 'lambda' | 'generator' | 'comprehension';

class Scope {
  last: number;
  /** Names that `global` statements of the function have named. */
  readonly globals = new Set<string>();

  constructor(
    readonly kind: Kind,
    readonly name: string,
    public parent: Scope | undefined,
    readonly line: number,
    readonly first = line,
  ) {
    this.last = line;
  }

  /** As `compiler_set_qualname` of CPython's compile.c makes it. */
  qualname(inlinesComprehensions: boolean): string {
    let { parent } = this;
    while (inlinesComprehensions && parent?.kind === 'comprehension') ({ parent } = parent);
    if (parent === undefined || parent.globals.has(this.name)) return this.name;
    const outer = parent.qualname(inlinesComprehensions);
    if (outer.length > MAX_QUALNAME) return outer;
    const hasLocals = parent.kind === 'function' || parent.kind === 'lambda';
    return `${outer}.${hasLocals ? '<locals>.' : ''}${this.name}`;
  }
}

interface Bracket {
  readonly open: string;
  readonly line: number;
  /** How many definitions were found when it opened. */
  readonly found: number;
  /** Of braces: whether what stands in them has keys. */
  hasKeys: boolean;
  comprehension: Scope | undefined;
  /** Whether the scanner stands in the iterable of the first `for`, which is run outside. */
  inFirst: boolean;
}

/** A lambda that has not ended. */
interface Lambda {
  readonly scope: Scope;
  /** Brackets around it. */
  readonly depth: number;
  /** Whether its colon was passed. */
  inBody: boolean;
}

const MAYBE_GENERATOR = /\bfor\s{1,20}[\w, ().*]{1,100}\s{1,20}in\b/;
const WORD = /[\p{L}\p{Nl}_][\p{L}\p{N}\p{M}\p{Pc}]*/uy;
const OPENING = '([{';
const CLOSING = ')]}';

class Scanner {
  readonly found: Scope[] = [];
  /** Line of the last thing that was no comment. */
  lastCode = 1;

  private at = 0;
  private line = 1;
  /** Blocks that the scanner stands in, with their columns. */
  private readonly blocks: { readonly scope: Scope; readonly column: number }[] = [];
  private brackets: Bracket[] = [];
  private lambdas: Lambda[] = [];
  private decorator = 0;

  constructor(private readonly text: string) {}

  run(): void {
    const { text } = this;
    if (text.charCodeAt(0) === 0xfeff) this.at = 1;
    while (this.at < text.length) {
      const column = this.indentation();
      if (column < 0) continue;
      this.closeBlocks(column);
      this.statement(column);
    }
    this.closeBlocks(0);
  }

  /** Passes the blanks before a statement; -1 where the line has none, which is passed as a whole. */
  private indentation(): number {
    const { text } = this;
    let column = 0;
    for (; ; this.at++) {
      const letter = text[this.at];
      if (letter === ' ') column++;
      else if (letter === '\t') column = (column | 7) + 1;
      else if (letter !== '\f' && letter !== '\r') break;
    }
    if (this.at < text.length && text[this.at] !== '\n' && text[this.at] !== '#') return column;
    this.passLine();
    return -1;
  }

  private passLine(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end + 1;
    if (end >= 0) this.line++;
  }

  private closeBlocks(column: number): void {
    for (let block = this.blocks.at(-1); block !== undefined; block = this.blocks.at(-1)) {
      if (block.column < column) break;
      block.scope.last = this.lastCode;
      this.blocks.pop();
    }
  }

  /** The block's scope, or that of the lambda or comprehension that the scanner stands in. */
  private get scope(): Scope | undefined {
    const lambda = this.lambdas.at(-1);
    for (let depth = this.brackets.length; depth > 0; depth--) {
      if (lambda?.inBody === true && lambda.depth >= depth) return lambda.scope;
      const { comprehension, inFirst } = this.brackets[depth - 1];
      if (comprehension !== undefined && !inFirst) return comprehension;
    }
    return lambda?.inBody === true ? lambda.scope : this.blocks.at(-1)?.scope;
  }

  /** Reads up to the end of a logical line. */
  private statement(column: number): void {
    const { text } = this;
    let word = this.word();
    if (word === 'async') {
      this.passBlanks();
      word = this.word();
    }
    if (text[this.at] === '@' && word === '') this.decorator ||= this.line;
    let header: Scope | undefined;
    if (word === 'def' || word === 'class') header = this.header(word);
    else if (word === 'global') this.globals();
    else if (word !== '' && isQuote(text.charCodeAt(this.at))) this.string(word);
    else if (word !== '') this.keyword(word);
    if (header === undefined && text[this.at] !== '@') this.decorator = 0;
    this.rest(column, header);
  }

  /** `def NAME`: becomes a block at its colon. */
  private header(word: 'def' | 'class'): Scope | undefined {
    const { line, decorator } = this;
    this.passBlanks();
    const name = this.word();
    this.decorator = 0;
    if (name === '' || name.length > MAX_NAME) return undefined;
    const kind = word === 'def' ? 'function' : 'class';
    return new Scope(kind, name, this.scope, line, decorator || line);
  }

  private globals(): void {
    const end = /[\n;#]/g;
    end.lastIndex = this.at;
    const names = this.text.slice(this.at, end.exec(this.text)?.index);
    for (const name of names.split(',')) this.blocks.at(-1)?.scope.globals.add(name.trim());
  }

  /** @param header what the statement defines, until its colon */
  private rest(column: number, header: Scope | undefined): void {
    const { text } = this;
    while (this.at < text.length) {
      const letter = text[this.at];
      this.lastCode = this.line;
      if (letter === '\n') {
        this.passLine();
        if (this.brackets.length === 0) break;
      } else if (letter === '#') {
        this.at = indexOrEnd(text, '\n', this.at);
      } else if (letter === '\\') {
        if (text[this.at + 1] === '\r') this.at++;
        if (text[this.at + 1] === '\n') this.line++;
        this.at += 2;
      } else if (isQuote(text.charCodeAt(this.at))) {
        this.string('');
      } else if (OPENING.includes(letter)) {
        if (this.brackets.length >= MAX_BRACKETS) return this.giveUp();
        this.open(letter);
      } else if (CLOSING.includes(letter)) {
        this.close();
      } else if (letter === ':' && header !== undefined && this.brackets.length === 0) {
        this.at++;
        if (this.blocks.length >= MAX_SCOPES) return this.giveUp();
        this.found.push(header);
        this.blocks.push({ scope: header, column });
        header = undefined;
      } else {
        this.other(letter);
      }
    }
    this.endLambdas(0);
    this.brackets = [];
  }

  private other(letter: string): void {
    const word = this.word();
    if (word !== '') {
      if (isQuote(this.text.charCodeAt(this.at))) this.string(word);
      else this.keyword(word);
      return;
    }
    const depth = this.brackets.length;
    if (letter === ':') this.colon(depth);
    else if (letter === ',' || letter === ';') this.endBodies(depth);
    this.at++;
  }

  private string(prefix: string): void {
    const isFormat = isFormatPrefix(prefix);
    const end = endOfString(this.text, this.at, isFormat);
    // Fields of f-strings are not read: what may be a generator in one makes the others' name ambiguous.
    if (isFormat && MAYBE_GENERATOR.test(this.text.slice(this.at, end))) {
      this.found.push(new Scope('generator', '<genexpr>', this.scope, this.line));
    }
    for (let i = this.at; i < end; i++) if (this.text.charCodeAt(i) === 0x0a) this.line++;
    this.at = end;
    this.lastCode = this.line;
  }

  private keyword(word: string): void {
    const bracket = this.brackets.at(-1);
    if (word === 'lambda') {
      if (this.lambdas.length >= MAX_LAMBDAS) return;
      const scope = new Scope('lambda', '<lambda>', this.scope, this.line);
      this.found.push(scope);
      this.lambdas.push({ scope, depth: this.brackets.length, inBody: false });
    } else if (word === 'for' && bracket !== undefined) {
      this.endBodies(this.brackets.length);
      if (bracket.comprehension === undefined) this.comprehension(bracket);
      else bracket.inFirst = false;
    } else if (word === 'if' && bracket?.comprehension !== undefined) {
      bracket.inFirst = false;
    }
  }

  /** What stood in the brackets so far is run by the comprehension. */
  private comprehension(bracket: Bracket): void {
    const { open, hasKeys, line, found } = bracket;
    const around = this.scope;
    const name =
      open === '(' ? 'genexpr' : open === '[' ? 'listcomp' : hasKeys ? 'dictcomp' : 'setcomp';
    const kind = open === '(' ? 'generator' : 'comprehension';
    const scope = new Scope(kind, `<${name}>`, around, line);
    for (let i = found; i < this.found.length; i++) {
      if (this.found[i].parent === around) this.found[i].parent = scope;
    }
    this.found.push(scope);
    bracket.comprehension = scope;
    bracket.inFirst = true;
  }

  private open(letter: string): void {
    this.brackets.push({
      open: letter,
      line: this.line,
      found: this.found.length,
      hasKeys: false,
      comprehension: undefined,
      inFirst: false,
    });
    this.at++;
  }

  private close(): void {
    this.endLambdas(this.brackets.length);
    const bracket = this.brackets.pop();
    if (bracket?.comprehension !== undefined) bracket.comprehension.last = this.line;
    this.at++;
  }

  /** Begins the body of a lambda, or ends one that stands before: in a dictionary, in a slice. */
  private colon(depth: number): void {
    for (let top = this.lambdas.at(-1); top?.depth === depth; top = this.lambdas.at(-1)) {
      if (!top.inBody) {
        top.inBody = true;
        return;
      }
      this.endLambda();
    }
    const bracket = this.brackets.at(-1);
    if (bracket !== undefined) bracket.hasKeys = true;
  }

  /** A comma ends lambdas, unless it stands between their parameters. */
  private endBodies(depth: number): void {
    for (let top = this.lambdas.at(-1); top?.depth === depth; top = this.lambdas.at(-1)) {
      if (!top.inBody) return;
      this.endLambda();
    }
  }

  private endLambdas(depth: number): void {
    while ((this.lambdas.at(-1)?.depth ?? -1) >= depth) this.endLambda();
  }

  private endLambda(): void {
    const lambda = this.lambdas.pop();
    if (lambda !== undefined) lambda.scope.last = Math.max(lambda.scope.line, this.lastCode);
  }

  private word(): string {
    WORD.lastIndex = this.at;
    const match = WORD.exec(this.text);
    if (match === null) return '';
    this.at = WORD.lastIndex;
    return match[0];
  }

  private passBlanks(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at++;
  }

  private giveUp(): void {
    this.at = this.text.length;
  }
}

function indexOrEnd(text: string, what: string, from: number): number {
  const index = text.indexOf(what, from);
  return index < 0 ? text.length : index;
}
