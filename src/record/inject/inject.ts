/**
 * `strata inject`: from a recording whose samples carry copies of stacks, and whose names lie in files
 * beside it, to one with whole call chains and the names inside.
 *
 *   IN ──▶ Replay, in order of time ──▶ samples: the chain unwound, no stack       ──▶ OUT
 *                                       names: mappings of one file, put between
 *                                       all other records as they are
 *
 * What Strata reports of the two is the same.
 */
import { statSync, utimesSync, type Stats } from 'node:fs';

import { StrataError, usageError } from '../../base/errors.js';
import { statOf, type ByteSource } from '../../base/source.js';
import { openSource } from '../../base/spool.js';
import { recordedBefore } from '../../session/open.js';
import { Replay, type ReplayOptions } from '../../session/replay.js';
import { createOutput } from '../output/output.js';
import { Injection, type InjectResult } from './injection.js';

export interface InjectOptions extends Pick<ReplayOptions, 'symbols' | 'onDownload'> {
  /** A perf.data file, or `-`. */
  readonly input: string;
  readonly output: string;
  /** Whether the names go into perf's build-ID cache too, where `perf report` looks for them. */
  readonly buildIdCache: boolean;
}

/**
 * Makes the new recording.
 * @throws StrataError, FormatError where that is not possible: then there is no new file, and an older one
 *   of its name is as it was
 */
export function inject(options: InjectOptions, program = 'strata'): InjectResult {
  const { input, output, symbols, onDownload } = options;
  if (output === '-') {
    throw usageError(
      'inject writes a file, whose header is completed last: it cannot go to standard output',
      'for example: strata inject -i perf.data -o small.data',
    );
  }
  const source = openSource(input);
  try {
    const original = input === '-' ? undefined : statSync(input);
    if (original !== undefined) refuseOverwriting(input, original, output);
    const replay = new Replay(source, {
      symbols,
      onDownload,
      recordedBefore: recordedBefore(input),
    });
    try {
      const result = injectInto(output, source, replay, options.buildIdCache, program);
      if (original?.isFile() === true) keepTime(output, original);
      return result;
    } finally {
      replay.close();
    }
  } finally {
    source.close();
  }
}

/** The original must be there afterwards, under its name: also one that is called `OUT.old`. */
function refuseOverwriting(input: string, { dev, ino }: Stats, output: string): void {
  for (const name of [output, `${output}.old`]) {
    const there = statOf(name);
    if (there?.isFile() !== true || there.dev !== dev || there.ino !== ino) continue;
    const what = name === output ? 'both are the same file' : `an older ${output} would become it`;
    throw new StrataError(`cannot inject ${input} into ${output}: ${what}`, 'give another -o');
  }
}

function injectInto(
  output: string,
  source: ByteSource,
  replay: Replay,
  caches: boolean,
  program: string,
): InjectResult {
  if (!replay.file.header.littleEndian) {
    throw new StrataError(
      `${source.name} was recorded on a big-endian machine, whose stacks are not unwound`,
    );
  }
  const created = createOutput(output);
  let result: InjectResult;
  try {
    result = new Injection(source, replay, created.fd, output).run(program, caches);
  } catch (error) {
    created.discard();
    throw error;
  }
  const misnamed = created.keep();
  if (misnamed !== undefined) throw new StrataError(misnamed);
  return result;
}

/** A recording's time is when it was captured: perf shows it, and names in younger files are not its own. */
function keepTime(path: string, { atime, mtime }: Stats): void {
  if (statSync(path).isFile()) utimesSync(path, atime, mtime);
}
