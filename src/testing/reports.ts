/** What `perf report --stdio` and `perf script` print, read back; `strata report` prints the same. */

/** A row of a report with `--children` and without call graphs. */
export interface ReportRow {
  /** Percent. */
  readonly children: number;
  readonly self: number;
  readonly comm: string;
  readonly object: string;
  readonly symbol: string;
}

const ROW = /^ +(\d+\.\d+)% +(\d+\.\d+)%(?: +\d+)? {2}(\S.*?) {2,}(\S.*?) {2,}\[.\] (.*?) *$/;

/** Reads the rows of `report --stdio --children -g none` sorted by comm, dso and symbol. */
export function readReport(text: string): ReportRow[] {
  const rows: ReportRow[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    const match = ROW.exec(line);
    if (match === null) throw new Error(`report: a line that was not expected: ${line}`);
    const [, children, self, comm, object, symbol] = match;
    rows.push({ children: Number(children), self: Number(self), comm, object, symbol });
  }
  return rows;
}

/** `py::QUALNAME:FILE`, as CPython names its functions. */
export function pythonSymbol(symbol: string): { name: string; file: string } | undefined {
  const match = /^py::(.*?):([/<].*)$/.exec(symbol);
  return match === null ? undefined : { name: match[1], file: match[2] };
}

/** A frame as `perf script -F ip,sym,dso` prints it. */
export interface ScriptFrame {
  readonly ip: number;
  readonly symbol: string;
  /** A path, or `[kernel.kallsyms]`. */
  readonly object: string;
}

export interface ScriptStack {
  readonly pid: number;
  readonly tid: number;
  /** Innermost first. */
  readonly frames: ScriptFrame[];
}

/** `--max-stack`: else perf cuts stacks at kernel.perf_event_max_stack, 127 frames. */
export const STACK_FLAGS = ['--no-inline', '--max-stack', '4096', '-F', 'pid,tid,ip,sym,dso'];

/** Reads `perf script` with {@link STACK_FLAGS}. */
export function readScriptStacks(text: string): ScriptStack[] {
  const stacks: ScriptStack[] = [];
  for (const line of text.split('\n')) {
    const head = /^ *(\d+)\/(\d+) *$/.exec(line);
    const frame = /^\s+([0-9a-f]+) (.*) \((.*)\)$/.exec(line);
    if (head !== null) stacks.push({ pid: Number(head[1]), tid: Number(head[2]), frames: [] });
    else if (frame !== null) {
      const [, ip, symbol, object] = frame;
      stacks.at(-1)?.frames.push({ ip: Number.parseInt(ip, 16), symbol, object });
    } else if (line.trim() !== '') {
      throw new Error(`perf script: a line that was not expected: ${line}`);
    }
  }
  return stacks;
}

export function isKernelFrame({ object }: ScriptFrame): boolean {
  return object.startsWith('[kernel') || object.startsWith('[guest');
}
