/**
 * Errors that a person is meant to read. Whatever else is thrown is a defect of Strata's.
 */

/** Exit codes of the program (`record` also passes on the profiled program's own). */
export const ExitCode = { Done: 0, Failed: 1, Usage: 2 } as const;

/** A failure stated in one sentence with its facts; `hint` is the command or setting that mends it. */
export class StrataError extends Error {
  override readonly name: string = 'StrataError';
  constructor(
    message: string,
    readonly hint?: string,
    readonly exitCode: number = ExitCode.Failed,
  ) {
    super(message);
  }
}

/** A wrong use of the program, or of a language that it reads: the command line, events. */
export function usageError(message: string, hint?: string): StrataError {
  return new StrataError(message, hint, ExitCode.Usage);
}

/** What a reader found wrong in bytes that it was given. */
export interface FormatFault {
  /** The format's name, such as `perf.data` or `ELF`. */
  readonly format: string;
  /** The structure of the format's specification that was being read, such as `perf_file_header`. */
  readonly structure: string;
  /** Byte offset of the fault from the start of the source. */
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
}

/** The only error that leaves a reader of untrusted bytes, whatever the bytes. */
export class FormatError extends StrataError {
  override readonly name = 'FormatError';
  constructor(readonly fault: FormatFault) {
    super(
      `${fault.format}: ${fault.structure} at byte ${fault.offset}: ` +
        `expected ${fault.expected}, found ${fault.found}`,
    );
  }
}

/** What `read` returns; `undefined` where the bytes were not fit for it: a damaged part is as good as none. */
export function orUndefined<T>(
  read: () => T,
  fault: typeof StrataError | typeof FormatError = StrataError,
): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof fault) return undefined;
    throw error;
  }
}

/** A broken invariant of our own: never the input's fault. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** Ends an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
