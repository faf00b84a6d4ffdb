/** What debug information says of an address: the functions that execution stands in, and where. */

/** A function, and the line of it that runs or calls. */
export interface SourceFrame {
  /** Demangled and qualified; `undefined` where only the line is known. */
  readonly name: string | undefined;
  /** A full path, as the compiler was given it; `undefined` where unknown. */
  readonly file: string | undefined;
  /** From 1; -1 where unknown, or where the compiler says that no line of the source is meant. */
  readonly line: number;
}

/** The answer where there is no debug information. */
export const NO_FRAMES: readonly SourceFrame[] = [];
