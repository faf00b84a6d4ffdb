/** The benchmark's command line. */
import { parseArgs } from 'node:util';

import { usageError, type StrataError } from '../base/errors.js';

export const PARTS = ['recording', 'report', 'drawing', 'startup'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  /** How long the busy threads run. */
  readonly seconds: number;
  readonly repeat: number;
  /** The interpreter to run; the newest from 3.12 on where absent. */
  readonly python?: string;
  readonly parts: readonly Part[];
  readonly json: boolean;
}

export const USAGE = `npm run bench -- [options]

  --seconds N    how long the two busy threads run (5)
  --repeat N     runs of everything, of which the medians are shown (3)
  --python PATH  the interpreter (the newest CPython from 3.12 on)
  --only PART    ${PARTS.join(', ')}; may be repeated
  --json         every run as JSON, instead of tables
  --help
`;

/**
 * @returns `undefined` where help was asked for
 * @throws StrataError with exit code 2
 */
export function parseBenchOptions(argv: readonly string[]): BenchOptions | undefined {
  const { values } = parse(argv);
  if (values.help) return undefined;
  const parts = (values.only ?? []).map((word) => {
    const part = PARTS.find((one) => one === word);
    if (part === undefined) throw usage(`--only takes ${PARTS.join(', ')}, not ${word}`);
    return part;
  });
  return {
    seconds: positive('seconds', values.seconds ?? '5'),
    repeat: positive('repeat', values.repeat ?? '3'),
    parts: parts.length > 0 ? parts : PARTS,
    json: values.json ?? false,
    ...(values.python === undefined ? {} : { python: values.python }),
  };
}

function parse(argv: readonly string[]): { values: ReturnType<typeof parseValues> } {
  try {
    return { values: parseValues(argv) };
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function parseValues(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      seconds: { type: 'string' },
      repeat: { type: 'string' },
      python: { type: 'string' },
      only: { type: 'string', multiple: true },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw usage(`--${name} takes a whole number, not ${text}`);
  return value;
}

function usage(message: string): StrataError {
  return usageError(message, USAGE);
}
