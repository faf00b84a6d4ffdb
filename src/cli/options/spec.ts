/** What a command is to the parser and to `--help`. */

/** A flag, as the parser takes it. `parse` gets the text, what the flag held before, and all values so far. */
export interface Flag {
  /** `-F, --freq <N>`. */
  readonly flags: string;
  readonly help: string;
  readonly value?: unknown;
  /** How help writes the default, where there is no one value or it would not say enough. */
  readonly valueText?: string;
  readonly choices?: readonly string[];
  readonly parse?: (text: string, previous: never, soFar: Values) => unknown;
  /** Heading under which help lists it, where it is not one of the command's own. */
  readonly group?: string;
  /** An accepted spelling that help does not list. */
  readonly hidden?: boolean;
}

/** What the parser made of the flags: by the long name in camel case. */
export type Values = Readonly<Record<string, unknown>>;

export interface CommandSpec<Options = unknown> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** `[command...]`: what follows the flags; the flags end at its first word. */
  readonly operands?: string;
  /** Whether flags may stand among and after the operands, which are no command of its own. */
  readonly flagsAnywhere?: boolean;
  readonly flags: readonly Flag[];
  /** Command line and what it is for. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** The command's own options from what was parsed. */
  readonly options: (values: Values, operands: string[]) => Options;
}
