/**
 * One tracepoint: its `format` file (`/sys/kernel/tracing/events/SYSTEM/NAME/format`).
 *
 *   name: sched_wakeup
 *   ID: 92
 *   format:
 *   	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
 *   	…
 *
 *   	field:char comm[16];	offset:8;	size:16;	signed:0;
 *   	…
 *
 *   print fmt: "comm=%s pid=%d", REC->comm, REC->pid
 *
 * Where its text differs from that of perf 6.1: operators bind as in C (see parser.ts); `%zu` prints 64
 * bits, not 32; `%c`, `sizeof` a type and `__get_cpumask` are understood; names of negative numbers are
 * those of their number, not all of -1; nothing is read beyond the record; what is not text in a field of
 * one record does not make that field bytes in all that follow; ftrace's own `bprint` is not looked up.
 */
import { decodeUtf8 } from '../../base/cursor.js';
import { NotUnderstood, type Expression } from './expression.js';
import { parseField, RawRecord, type TracedMachine, type TraceField } from './fields.js';
import { parseArguments } from './parser.js';
import { parsePrintFormat, type Piece } from './print-format.js';
import { printFields, printPieces, type FunctionAt } from './print.js';
import { Tokens } from './tokens.js';

const BEYOND_ASCII = /[\x80-\xff]/;

export class TraceEvent {
  /** `undefined` where the format's text is not understood. */
  private readonly pieces: readonly Piece[] | undefined;
  private readonly byName = new Map<string, TraceField>();

  /**
   * @param text of the file from `print fmt:` on
   */
  constructor(
    readonly system: string,
    readonly name: string,
    readonly id: number,
    /** `common_type`, `common_flags`, `common_preempt_count`, `common_pid`. */
    readonly commonFields: readonly TraceField[],
    /** The event's own. */
    readonly fields: readonly TraceField[],
    text: string,
    private readonly machine: TracedMachine,
  ) {
    for (const field of [...fields, ...commonFields]) this.byName.set(field.name, field);
    this.pieces = this.parsePrint(text);
  }

  /** Whether {@link format} prints by the kernel's format, not the fields as they are. */
  get isUnderstood(): boolean {
    return this.pieces !== undefined;
  }

  field(name: string): TraceField | undefined {
    return this.byName.get(name);
  }

  /**
   * A sample's raw data as `perf script` prints it: `comm=bash pid=12`; where the event's format is
   * not understood, `[FAILED TO PARSE] comm=bash pid=12`, as perf says. Never fails: what is beyond the
   * end of `bytes` is 0. Text is the recorded machine's and may hold control characters.
   *
   * @param functionAt names the functions that `%pS` and `%ps` stand for
   */
  format(bytes: Uint8Array, functionAt?: FunctionAt): string {
    const raw = new RawRecord(bytes, this.machine);
    const text =
      this.pieces === undefined
        ? `[FAILED TO PARSE]${printFields(this.fields, raw)}`
        : printPieces(this.pieces, raw, functionAt);
    return BEYOND_ASCII.test(text) ? decodeUtf8(Buffer.from(text, 'latin1')) : text;
  }

  private parsePrint(text: string): Piece[] | undefined {
    const tokens = new Tokens(text);
    try {
      while (tokens.peek().kind === 'newline') tokens.next();
      const format = tokens.next();
      if (format.kind !== 'string') return undefined;
      return parsePrintFormat(format.text, this.printArguments(tokens));
    } catch (error) {
      if (error instanceof NotUnderstood) return undefined;
      throw error;
    }
  }

  private printArguments(tokens: Tokens): Expression[] {
    if (!tokens.accept(',')) {
      // ftrace's own entries once named no arguments: their fields are.
      const fields = this.system === 'ftrace' ? this.fields : [];
      return fields.map((field) => ({ kind: 'field', field }));
    }
    return parseArguments(tokens, {
      field: (name) => this.field(name),
      longSize: this.machine.longSize,
    });
  }
}

/** Fields of one event: the kernel's own have some tens. */
const MAX_FIELDS = 4096;
/** Characters of one field's line, and of the name and the ID: far above real ones. */
const MAX_LINE = 512;
/** Characters of a format: the kernel's longest take some thousands. */
const MAX_FORMAT = 1 << 20;

/**
 * Reads a `format` file.
 * @param text one character per byte
 * @returns `undefined` where it is none
 */
export function parseTraceEvent(
  system: string,
  text: string,
  machine: TracedMachine,
): TraceEvent | undefined {
  const head = formatHead(text);
  if (text.length > MAX_FORMAT) return undefined;
  const print = text.indexOf('\nprint fmt:');
  const start = text.indexOf('\nformat:');
  if (head === undefined || print < 0 || start < 0) return undefined;
  const common: TraceField[] = [];
  const own: TraceField[] = [];
  // An empty line parts the common fields from the event's own.
  const [, ...lines] = text.slice(start + 1, print).split('\n', MAX_FIELDS);
  let list = common;
  for (const line of lines) {
    if (line.trim() === '') {
      list = own;
      continue;
    }
    const field = line.length > MAX_LINE ? undefined : parseField(line, machine.longSize);
    if (field === undefined) return undefined;
    list.push(field);
  }
  const printText = text.slice(print + '\nprint fmt:'.length);
  return new TraceEvent(system, head.name, head.id, common, own, printText, machine);
}

/** The first two lines of a `format` file. */
export function formatHead(
  text: string,
): { readonly name: string; readonly id: number } | undefined {
  const parts = /^\s*name:\s*([A-Za-z0-9_]+)\s*\n\s*ID:\s*(\d{1,9})\s*\n/.exec(
    text.slice(0, MAX_LINE),
  );
  return parts === null ? undefined : { name: parts[1], id: Number(parts[2]) };
}
