/** The fuzzer's command line. */
import { parseArgs } from 'node:util';

import { usageError, type StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';

export interface FuzzChoice {
  readonly runs: number;
  readonly formats: readonly string[];
  readonly seed: number;
  readonly from: number;
}

export function usage(formats: readonly string[]): string {
  return `npm run fuzz -- [options]

  --runs N      damaged files per format (10000)
  --format NAME ${formats.join(', ')}; may be repeated (all)
  --seed N      another sequence of files (1)
  --from N      the first run: with --runs 1 it repeats one (0)
  --help
`;
}

/**
 * @param formats all that there are
 * @returns `undefined` where help was asked for
 * @throws StrataError with exit code 2
 */
export function parseFuzzOptions(
  argv: readonly string[],
  formats: readonly string[],
): FuzzChoice | undefined {
  const values = parse(argv);
  if (values.help === true) return undefined;
  for (const format of values.format ?? []) {
    if (!formats.includes(format)) {
      throw refusal(`--format takes ${formats.join(', ')}, not ${format}`);
    }
  }
  return {
    runs: integer('runs', values.runs ?? '10000', 1),
    formats: values.format ?? formats,
    seed: integer('seed', values.seed ?? '1', 0),
    from: integer('from', values.from ?? '0', 0),
  };
}

function parse(argv: readonly string[]): ReturnType<typeof parseValues> {
  try {
    return parseValues(argv);
  } catch (error) {
    throw refusal(describeSystemError(error));
  }
}

function parseValues(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      runs: { type: 'string' },
      format: { type: 'string', multiple: true },
      seed: { type: 'string' },
      from: { type: 'string' },
      help: { type: 'boolean' },
    },
  }).values;
}

function integer(name: string, text: string, least: number): number {
  const value = Number(text);
  // Runs are counted in 32 bits.
  if (/^\d+$/.test(text) && value >= least && value < 2 ** 31) return value;
  throw refusal(`--${name} takes a number from ${least} on, not ${text}`);
}

function refusal(message: string): StrataError {
  return usageError(message, 'npm run fuzz -- --help');
}
