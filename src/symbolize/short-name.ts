/**
 * Names of C++ functions without parameters and return types, as `perf script` and `c++filt -p` write
 * them.
 */

/** Longer names are left as they are. */
const MAX_NAME = 4096;

/** What is said of a function, and not its own name: the function stands behind it whole. */
const SPECIAL = /^(?:non-virtual thunk|virtual thunk|covariant return thunk|reference temporary) /;
/** Where a call by another base class enters. */
const THUNK =
  /^\{virtual override thunk\(\{(virtual )?offset\([^}]*\)\}, (.*)\)\}(?: \[clone .*)?$/;
const QUALIFIERS = /^(?: const| volatile| &&?)*(?: \[clone .*)?$/;

/**
 * `ns::f<int>` of `void ns::f<int>(int, char) const`; a name that is no function's stays as it is.
 * The parameters of a function that another one is local to are part of the name: `f(int)::g`.
 */
export function shortName(demangled: string): string {
  if (demangled.length > MAX_NAME) return demangled;
  return withoutParameters(withoutTargets(demangled))
    .replace(/\((unsigned )?(int|long long|long)\)(-?\d+)/g, numberOfType)
    .replace(/, >/g, '>'); // an empty list of template arguments
}

/** `4ul` of `(unsigned long)4`, which demanglers write in one way or the other. */
function numberOfType(
  _: string,
  unsigned: string | undefined,
  type: string,
  value: string,
): string {
  const suffix = type === 'int' ? '' : type === 'long' ? 'l' : 'll';
  return `${value}${unsigned === undefined ? '' : 'u'}${suffix}`;
}

/** `f<&g>` of `f<&g(int)>`: functions as template arguments. */
function withoutTargets(name: string): string {
  let text = '';
  let copied = 0;
  for (let at = name.indexOf('&'); at >= 0; at = name.indexOf('&', at + 1)) {
    const isArgument =
      (name[at - 1] === '<' || name[at - 1] === ' ') && /[\w(]/.test(name[at + 1] ?? '');
    const open = isArgument ? parametersAfter(name, at + 1) : -1;
    if (open < 0) continue;
    const end = closingOf(name, open);
    const rest = / ?(?:const)?/.exec(name.slice(end))?.[0].length ?? 0;
    if (end < 0 || !/^[,>]/.test(name.slice(end + rest))) continue;
    text += name.slice(copied, open);
    copied = end + rest;
    at = copied - 1;
  }
  return text + name.slice(copied);
}

/** Where the parameters of the function named at `from` open; -1 where it is none. */
function parametersAfter(name: string, from: number): number {
  let depth = 0;
  for (let i = from; i < name.length; i++) {
    const character = name[i];
    if (character === '<') depth++;
    else if (character === '>' && depth-- === 0) return -1;
    else if (depth === 0 && character === ',') return -1;
    else if (depth === 0 && character === '(') {
      if (!name.startsWith('(anonymous namespace)', i)) return i;
      i += '(anonymous namespace)'.length - 1;
    }
  }
  return -1;
}

/** Behind the bracket that closes the one at `open`; -1 where none does. */
function closingOf(name: string, open: number): number {
  let depth = 0;
  for (let i = open; i < name.length; i++) {
    if (name[i] === '(') depth++;
    else if (name[i] === ')' && --depth === 0) return i + 1;
  }
  return -1;
}

function withoutParameters(demangled: string): string {
  if (!demangled.includes('(')) return demangled;
  const thunk = THUNK.exec(demangled);
  if (thunk !== null) return `${thunk[1] === 'virtual ' ? '' : 'non-'}virtual thunk to ${thunk[2]}`;
  if (SPECIAL.test(demangled)) return demangled;
  const parts = topLevel(demangled);
  const { parameters, nameStart } = parts;
  if (parameters < 0) return demangled;
  return QUALIFIERS.test(demangled.slice(parts.end))
    ? demangled.slice(nameStart, parameters)
    : demangled;
}

interface Parts {
  /** Where the last list of parameters opens and what follows it begins; -1 where there is none. */
  readonly parameters: number;
  readonly end: number;
  /** Where the return type, if any, has ended. */
  readonly nameStart: number;
}

/** Takes a name apart outside of brackets. */
function topLevel(name: string): Parts {
  let depth = 0;
  let opened = -1;
  let parameters = -1;
  let end = -1;
  let nameStart = 0;
  let inOperator = false;
  for (let i = 0; i < name.length; i++) {
    const character = name[i];
    if (depth === 0 && character === 'o' && isOperator(name, i)) {
      // `operator<<`, `operator()`, `operator new`: its signs are no brackets, nor its blanks borders.
      i += operatorLength(name, i) - 1;
      inOperator = true;
    } else if (character === '(' || character === '<' || character === '{' || character === '[') {
      if (depth === 0) opened = i;
      depth++;
    } else if (character === ')' || character === '}' || character === ']') {
      depth--;
      if (depth === 0 && character === ')' && !isPartOfName(name, opened, i + 1)) {
        parameters = opened;
        end = i + 1;
      }
    } else if (character === '>' && name[i - 1] !== '-') {
      depth--;
    } else if (depth === 0 && character === ' ' && parameters < 0 && !inOperator) {
      nameStart = i + 1;
    } else if (depth === 0 && character === ':') {
      inOperator = false;
    }
  }
  return { parameters, end, nameStart };
}

function isPartOfName(name: string, opened: number, end: number): boolean {
  return name.slice(opened, end) === '(anonymous namespace)';
}

function isOperator(name: string, at: number): boolean {
  return name.startsWith('operator', at) && (at === 0 || !/\w/.test(name[at - 1]));
}

/** Of `operator` and the signs that belong to it. */
function operatorLength(name: string, at: number): number {
  const match = /^operator(?:\(\)|\[\]|->\*?|<=>|[<>]{1,2}=?|[^\w\s(<]+|(?![\w]))/.exec(
    name.slice(at, at + 16),
  );
  return match === null ? 1 : match[0].length;
}
