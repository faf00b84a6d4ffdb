/**
 * How frames are named in folded stacks, `comm;outermost;…;innermost COUNT`, one line per distinct stack:
 * what FlameGraph's `stackcollapse-perf.pl` and inferno's `inferno-collapse-perf` make of the text of
 * `perf script`. There is no specification but these two; where they differ, names are the first one's.
 *
 *  - `;` divides frames, so within a name it is `:`
 *  - a function without a symbol is named after its file: `[libc.so.6]`
 *  - parameters go, `(anonymous namespace)` and Go's methods stay: `net/http.(*Client).Do`
 *  - `"` and `'` go
 *  - `a->b` is `a`, and `b` inlined into it: `b_[i]` (how JVMs name what they inlined)
 *  - in processes called `java…` the `L` of a class's signature goes
 */

/**
 * The module of frames that stand for a thread's name: of a profile that was read from folded stacks, where
 * it is the outermost frame.
 */
export const COMM_MODULE = '[comm]';

/** What may stand behind a name: of which kind the function is. */
export const Annotation = { Kernel: '_[k]', Jit: '_[j]', Inlined: '_[i]' } as const;

/** The frames, outermost first, that a symbol stands for: none for what is no function. */
export function foldedFrames(symbol: string, isJava = false): string[] {
  if (symbol.startsWith('(')) return [];
  // perf names functions of C++ without their parameters.
  const parts = symbol.replace(/\b(operator->\*?)\(.*$/s, '$1').split('->');
  while (parts.at(-1) === '') parts.pop();
  return parts.map((part, depth) => {
    const name = tidy(part, isJava);
    return depth === 0 || name.includes(Annotation.Inlined) ? name : name + Annotation.Inlined;
  });
}

/** The name of a function without a symbol. @param path of its file; `undefined` where not even that is known */
export function foldedUnknown(path: string | undefined): string {
  return path === undefined ? '[unknown]' : `[${path.slice(path.lastIndexOf('/') + 1)}]`;
}

/** The first frame: a thread's name, and its IDs if asked for. A text without process IDs has `?` there. */
export function foldedComm(comm: string, ids?: { pid?: number; tid?: number }): string {
  const name = oneLine(comm).replaceAll(' ', '_').replaceAll(';', ':');
  if (ids === undefined) return name;
  const pid = `${name}-${ids.pid ?? '?'}`;
  return ids.tid === undefined ? pid : `${pid}/${ids.tid}`;
}

function tidy(symbol: string, isJava: boolean): string {
  let name = oneLine(symbol).replaceAll(';', ':');
  if (!isGoMethod(name)) name = name.replace(/\((?!anonymous namespace\)).*/s, '');
  name = name.replace(/["']/g, '');
  return isJava && name.includes('/') ? name.replace(/^L/, '') : name;
}

/** `/\.\(.*\)\./`, in a time that grows with the name's length alone. */
function isGoMethod(name: string): boolean {
  const open = name.indexOf('.(');
  return open >= 0 && name.lastIndexOf(').') > open;
}

/** Names that would end the line are nobody's but an attacker's. */
function oneLine(name: string): string {
  return name.replace(/[\r\n]+/g, ' ');
}

/** What a frame's text says. */
export interface FoldedName {
  /** Without what follows. */
  readonly name: string;
  /** The mark behind it; empty for none. */
  readonly mark: string;
  /** Of a Python function: `py::NAME:FILE` of perf, `NAME (FILE:LINE)` of py-spy. */
  readonly file?: string;
  /** -1 where unknown. */
  readonly line: number;
  /** Of py-spy's native functions the library, and the file of a function without a symbol. */
  readonly module?: string;
}

/** Takes a frame's text apart. */
export function parseFoldedName(text: string): FoldedName {
  const mark = /_\[[a-z]\]$/.exec(text)?.[0] ?? '';
  const name = mark === '' ? text : text.slice(0, -mark.length);
  const placed = /^(.+) \(([^()]+?)(?::(\d{1,9}))?\)$/.exec(name);
  if (placed !== null) {
    const [, func, place, number] = placed as unknown as [string, string, string, string?];
    const line = number === undefined ? -1 : Number(number);
    if (/\.pyx?$|^<.+>$/.test(place)) return { name: func, mark, file: place, line };
    if (/\.so[.\d]*$/.test(place)) return { name: func, mark, module: place, line };
  }
  const file = /^\[([^[\]]+)\]$/.exec(name)?.[1];
  if (file !== undefined && file !== 'unknown') return { name, mark, module: file, line: -1 };
  return { name, mark, line: -1 };
}

/** A first frame that names a thread by its IDs: `python3-12/34`. */
export function parseFoldedComm(
  text: string,
): { comm: string; pid: number; tid: number } | undefined {
  const match = /^(.+)-(\d{1,9})\/(\d{1,9})$/.exec(text);
  return match === null ? undefined : { comm: match[1], pid: +match[2], tid: +match[3] };
}
