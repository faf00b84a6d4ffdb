/**
 * `npm run fuzz`: reads damaged files of every format, and tells where a reader did anything but read them
 * or refuse them.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ExitCode, StrataError } from '../base/errors.js';
import { formatCount, formatDuration, plural } from '../base/units.js';
import { parseFuzzOptions, usage } from './options.js';
import { TARGETS } from './targets.js';
import { fuzz } from './watch.js';

async function main(argv: readonly string[]): Promise<void> {
  const formats = TARGETS.map(({ format }) => format);
  const choice = parseFuzzOptions(argv, formats);
  if (choice === undefined) {
    process.stdout.write(usage(formats));
    return;
  }
  const { runs, seed, from } = choice;
  for (const format of choice.formats) {
    const start = performance.now();
    const result = await fuzz({
      ...{ format, runs, seed, from },
      targets: new URL('./targets.js', import.meta.url),
      folder: join(tmpdir(), 'strata-fuzz'),
    });
    const time = formatDuration((performance.now() - start) * 1e6);
    process.stdout.write(
      `${format}: ${plural(result.runs, 'run')}, ${formatCount(result.refused)} refused, ` +
        `${plural(result.faults.length, 'fault')}, ${time}\n`,
    );
    for (const { run, kind, text, path } of result.faults) {
      process.exitCode = ExitCode.Failed;
      const again = `npm run fuzz -- --format ${format} --seed ${seed} --from ${run} --runs 1`;
      process.stdout.write(`\n${kind} in run ${run}: ${text}\n  ${path}\n  ${again}\n`);
    }
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const hint = error instanceof StrataError && error.hint !== undefined ? `\n${error.hint}` : '';
  process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}${hint}\n`);
  process.exitCode = error instanceof StrataError ? error.exitCode : ExitCode.Failed;
}
