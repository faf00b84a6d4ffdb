/** `strata inject`: a recording with copied stacks, made into one with call chains and names. */
import { ExitCode, FormatError, StrataError } from '../base/errors.js';
import { formatBytes, formatPercent, plural } from '../base/units.js';
import { inject as makeInjected } from '../record/inject/inject.js';
import type { InjectResult } from '../record/inject/injection.js';
import { downloadTeller } from './downloads.js';
import type { InjectChoice } from './options/inject.js';
import { symbolPlaces } from './symbol-places.js';

export function inject(options: InjectChoice): number {
  const result = read(options);
  if (options.verbosity < 0) return ExitCode.Done;
  for (const line of summaryLines(result, options)) process.stderr.write(`strata: ${line}\n`);
  return ExitCode.Done;
}

function read(options: InjectChoice): InjectResult {
  try {
    return makeInjected({
      ...options,
      symbols: symbolPlaces(options.symbols ?? {}),
      onDownload: downloadTeller(),
    });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new StrataError(`cannot read ${options.input}: ${error.message}`);
  }
}

function summaryLines(result: InjectResult, { output, verbosity }: InjectChoice): string[] {
  const { samples, unwound, whole, named, sizeBefore, sizeAfter, notes } = result;
  const lines = [
    `${output}: ${plural(samples, 'sample')}, ` +
      `${formatBytes(sizeBefore)} before, ${formatBytes(sizeAfter)} now`,
  ];
  if (unwound > 0) {
    lines.push(
      `${formatPercent(whole, unwound)} of ${plural(unwound, 'user stack')} ` +
        'reach their thread’s start',
    );
  } else {
    lines.push('no sample has a copy of its stack: call chains are as they were recorded');
  }
  if (verbosity > 0) lines.push(`${plural(named, 'function')} of generated code named`);
  return [...lines, ...notes];
}
