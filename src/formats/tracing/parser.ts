/**
 * Reads the arguments of `print fmt:` by C's precedence. libtraceevent takes operators of one rank, and
 * some in parentheses, in another order: perf 6.1 reads `a - b + 1` as `a - (b + 1)`, and prints all
 * flags of each timer:timer_start, by `flags & (A | B)`.
 */
import { applyBinary, applyUnary, narrow, parseNumber } from './arithmetic.js';
import { NotUnderstood, type Expression, type NamedValue } from './expression.js';
import type { TraceField } from './fields.js';
import type { Token, Tokens } from './tokens.js';

/** Nodes of one argument: far above real ones; bounds the recursion that evaluates them. */
const MAX_NODES = 1000;
const MAX_DEPTH = 100;

/** C's binary operators, each row binding tighter than the one before. */
const PRECEDENCE: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** Names that some kernels leave in `__print_symbolic` instead of their numbers. */
const KNOWN_NAMES: ReadonlyMap<string, bigint> = new Map([
  ['HI_SOFTIRQ', 0n],
  ['TIMER_SOFTIRQ', 1n],
  ['NET_TX_SOFTIRQ', 2n],
  ['NET_RX_SOFTIRQ', 3n],
  ['BLOCK_SOFTIRQ', 4n],
  ['IRQ_POLL_SOFTIRQ', 5n],
  ['TASKLET_SOFTIRQ', 6n],
  ['SCHED_SOFTIRQ', 7n],
  ['HRTIMER_SOFTIRQ', 8n],
  ['RCU_SOFTIRQ', 9n],
  ['HRTIMER_NORESTART', 0n],
  ['HRTIMER_RESTART', 1n],
]);

/** What names mean while arguments are parsed. */
export interface Scope {
  field(name: string): TraceField | undefined;
  readonly longSize: number;
}

/** The arguments behind the format string. @throws NotUnderstood */
export function parseArguments(tokens: Tokens, scope: Scope): Expression[] {
  const parser = new ExpressionParser(tokens, scope);
  const found: Expression[] = [];
  do found.push(parser.argument());
  while (tokens.accept(','));
  return found;
}

class ExpressionParser {
  private nodes = 0;
  private depth = 0;

  constructor(
    private readonly tokens: Tokens,
    private readonly scope: Scope,
  ) {}

  argument(): Expression {
    this.nodes = 0;
    return this.expression();
  }

  private expression(): Expression {
    if (++this.depth > MAX_DEPTH) throw new NotUnderstood('nested too deeply');
    const condition = this.binary(0);
    let result = condition;
    if (this.tokens.accept('?')) {
      const yes = this.expression();
      this.expect(':');
      result = this.node({ kind: 'choice', condition, yes, no: this.expression() });
    }
    this.depth--;
    return result;
  }

  private binary(level: number): Expression {
    if (level === PRECEDENCE.length) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      this.skipNewlines();
      const operator = PRECEDENCE[level].find((text) => this.tokens.accept(text));
      if (operator === undefined) return left;
      left = this.node({ kind: 'binary', operator, left, right: this.binary(level + 1) });
    }
  }

  private unary(): Expression {
    this.skipNewlines();
    for (const operator of ['!', '~', '-', '+']) {
      if (this.tokens.accept(operator)) {
        if (++this.depth > MAX_DEPTH) throw new NotUnderstood('nested too deeply');
        const item = this.unary();
        this.depth--;
        return this.node({ kind: 'unary', operator, item });
      }
    }
    return this.postfix(this.primary());
  }

  private postfix(from: Expression): Expression {
    let result = from;
    while (this.tokens.accept('[')) {
      const index = this.expression();
      this.expect(']');
      result = this.node({ kind: 'index', array: result, index });
    }
    return result;
  }

  private primary(): Expression {
    const token = this.tokens.next();
    if (token.kind === 'string') return this.node({ kind: 'atom', text: token.text, value: 0n });
    if (token.kind === 'character') {
      const code = token.text.charCodeAt(0);
      return this.node({ kind: 'atom', text: `${code}`, value: BigInt(code || 0) });
    }
    if (token.kind === 'punctuation' && token.text === '(') return this.parenthesis();
    if (token.kind !== 'item') throw new NotUnderstood(token.text);
    if (token.text === 'REC') return this.member();
    if (this.tokens.accept('(')) return this.call(token.text);
    let text = token.text;
    while (this.tokens.peek().kind === 'item') text += ` ${this.tokens.next().text}`;
    return this.node({ kind: 'atom', text, value: parseNumber(text) });
  }

  private member(): Expression {
    this.expect('->');
    return this.node({ kind: 'field', field: this.scope.field(this.name()) });
  }

  /** `(expression)`, `(REC)->field`, or a cast: `(type *)item`. */
  private parenthesis(): Expression {
    const mark = this.tokens.mark();
    const type = this.typeName();
    if (type === 'REC') {
      if (this.tokens.peek().text === '->') return this.member();
    } else if (type !== undefined && this.castFollows()) {
      if (++this.depth > MAX_DEPTH) throw new NotUnderstood('nested too deeply');
      const item = this.postfix(this.primary());
      this.depth--;
      return this.node({ kind: 'cast', type, item });
    }
    this.tokens.rewind(mark);
    const inner = this.expression();
    this.expect(')');
    return inner;
  }

  /** The words up to the closing parenthesis, where they may be a type: names, then stars. */
  private typeName(): string | undefined {
    const words: string[] = [];
    while (this.tokens.peek().kind === 'item') words.push(this.tokens.next().text);
    if (words.length === 0 || /^\d/.test(words[0])) return undefined;
    while (this.tokens.accept('*')) words.push('*');
    return this.tokens.accept(')') ? words.join(' ') : undefined;
  }

  private castFollows(): boolean {
    const { kind, text } = this.tokens.peek();
    return kind === 'item' || kind === 'string' || kind === 'character' || text === '(';
  }

  private call(name: string): Expression {
    switch (name) {
      case '__print_flags': {
        const item = this.expression();
        this.expect(',');
        const delimiter = this.tokens.peek().kind === 'string' ? this.tokens.next().text : '';
        this.expect(',');
        return this.node({ kind: 'flags', item, delimiter, names: this.names() });
      }
      case '__print_symbolic': {
        const item = this.expression();
        this.expect(',');
        return this.node({ kind: 'symbolic', item, names: this.names() });
      }
      case '__print_hex':
      case '__print_hex_str': {
        const [array, size] = this.callArguments(2);
        const separator = name === '__print_hex' ? ' ' : '';
        return this.node({ kind: 'hex', array, size, separator });
      }
      case '__print_array': {
        const [array, count, elementSize] = this.callArguments(3);
        return this.node({ kind: 'numbers', array, count, elementSize });
      }
      case '__get_str':
      case '__get_rel_str':
        return this.node({ kind: 'text', field: this.namedField() });
      case '__get_bitmask':
      case '__get_rel_bitmask':
        return this.node({ kind: 'bitmask', field: this.namedField() });
      case '__get_cpumask':
      case '__get_rel_cpumask':
        return this.node({ kind: 'cpumask', field: this.namedField() });
      case '__get_dynamic_array':
      case '__get_rel_dynamic_array':
      case '__get_sockaddr':
      case '__get_sockaddr_rel':
        return this.node({ kind: 'dynamic', field: this.existingField() });
      case '__get_dynamic_array_len':
      case '__get_rel_dynamic_array_len':
        return this.node({ kind: 'dynamicLength', field: this.existingField() });
      case '__builtin_expect':
        return this.callArguments(2)[0];
      case 'sizeof':
        return this.sizeOf();
      default:
        throw new NotUnderstood(`${name}()`);
    }
  }

  private callArguments(count: number): Expression[] {
    const found = [this.expression()];
    while (this.tokens.accept(',')) found.push(this.expression());
    this.expect(')');
    if (found.length !== count) throw new NotUnderstood('a count of arguments');
    return found;
  }

  private namedField(): TraceField | undefined {
    const field = this.scope.field(this.name());
    this.expect(')');
    return field;
  }

  private existingField(): TraceField {
    const field = this.namedField();
    if (field === undefined) throw new NotUnderstood('a field that the event lacks');
    return field;
  }

  /** `{ 1, "A" }, { 2, "B" })`. */
  private names(): NamedValue[] {
    const names: NamedValue[] = [];
    const { nodes } = this;
    do {
      this.skipNewlines();
      this.expect('{');
      this.nodes = 0; // each is a constant by itself
      const key = this.expression();
      this.expect(',');
      const name = this.expression();
      this.expect('}');
      names.push({ value: nameValue(key), name: nameText(name) });
      this.skipNewlines();
    } while (this.tokens.accept(','));
    this.nodes = nodes;
    this.expect(')');
    return names;
  }

  private sizeOf(): Expression {
    const first = this.name();
    let size: number | undefined;
    if (first === 'REC') {
      this.expect('->');
      const field = this.scope.field(this.name());
      if (field !== undefined && !field.array) size = field.size;
    } else {
      const words = [first];
      while (this.tokens.peek().kind === 'item') words.push(this.tokens.next().text);
      size = sizeOfType(words.join(' '), this.scope.longSize);
    }
    this.expect(')');
    if (size === undefined) throw new NotUnderstood('sizeof');
    return this.node({ kind: 'atom', text: `${size}`, value: BigInt(size) });
  }

  private name(): string {
    this.skipNewlines();
    const token = this.tokens.next();
    if (token.kind !== 'item') throw new NotUnderstood(token.text);
    return token.text;
  }

  private expect(text: string): void {
    this.skipNewlines();
    const token: Token = this.tokens.next();
    if (token.kind !== 'punctuation' || token.text !== text) throw new NotUnderstood(token.text);
  }

  private skipNewlines(): void {
    while (this.tokens.peek().kind === 'newline') this.tokens.next();
  }

  private node<E extends Expression>(expression: E): E {
    if (++this.nodes > MAX_NODES) throw new NotUnderstood('too long');
    return expression;
  }
}

function sizeOfType(type: string, longSize: number): number | undefined {
  if (/^(unsigned |signed )?long long( int)?$/.test(type)) return 8;
  if (/^(unsigned |signed )?long( int)?$/.test(type)) return longSize;
  if (/^((unsigned|signed)( int)?|int)$/.test(type)) return 4;
  const bits = /^(?:__)?[us](8|16|32|64)$/.exec(type);
  return bits === null ? undefined : Number(bits[1]) / 8;
}

/** A constant's value; `undefined` of a name that stands for none. */
function nameValue(key: Expression): bigint | undefined {
  if (key.kind === 'cast') return nameValue(key.item);
  if (key.kind === 'atom' && !/^\d/.test(key.text)) return KNOWN_NAMES.get(key.text);
  return constant(key);
}

/** `((void *)0)` ends some lists; it is the text `0` to libtraceevent. */
function nameText(name: Expression): string {
  if (name.kind === 'cast') return nameText(name.item);
  return name.kind === 'atom' ? name.text : `${BigInt.asIntN(64, constant(name))}`;
}

function constant(item: Expression): bigint {
  switch (item.kind) {
    case 'atom':
      return item.value;
    case 'cast':
      return narrow(constant(item.item), item.type);
    case 'unary':
      return applyUnary(item.operator, constant(item.item));
    case 'binary':
      return applyBinary(item.operator, constant(item.left), constant(item.right), true);
    case 'choice':
      return constant(item.condition) !== 0n ? constant(item.yes) : constant(item.no);
    default:
      throw new NotUnderstood('a value that is not constant');
  }
}
