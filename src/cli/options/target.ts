/** Whom to record or count: the flags of `record` and `stat`, by perf's names. */
import { usageError } from '../../base/errors.js';
import type { Target } from '../../record/targets.js';
import { parseIds, parseRanges } from '../values.js';
import { given } from './shared.js';
import type { Flag, Values } from './spec.js';

export const TARGET: readonly Flag[] = [
  { flags: '-p, --pid <list>', help: 'attach to running processes', parse: parseIds },
  { flags: '-t, --tid <list>', help: 'attach to single threads', parse: parseIds },
  { flags: '-a, --all-cpus', help: 'whatever runs on the machine' },
  { flags: '-C, --cpu <list>', help: 'whatever runs on these CPUs: 0,2-3', parse: parseRanges },
  { flags: '-u, --uid <user>', help: 'the processes of a user, by name or number' },
  { flags: '-i, --no-inherit', help: 'not what the target starts meanwhile' },
];

/**
 * The target that the flags name: the command where they name none.
 * @throws StrataError (exit code 2) where they name several
 */
export function chosenTarget(values: Values): Target {
  const cpus = values['cpu'] as readonly number[] | undefined;
  const targets: (Target | undefined)[] = [
    whenGiven(values, 'pid', (pids: readonly number[]) => ({ kind: 'processes', pids })),
    whenGiven(values, 'tid', (tids: readonly number[]) => ({ kind: 'threads', tids })),
    whenGiven(values, 'uid', (user: string) => ({ kind: 'user', user })),
    values['allCpus'] === true || cpus !== undefined
      ? { kind: 'system', ...given('cpus', cpus) }
      : undefined,
  ];
  const named = targets.filter((target) => target !== undefined);
  if (named.length > 1) {
    throw usageError(
      'only one of -p, -t, -u and -a (or -C) can be the target',
      'several processes are one list: -p 12,34',
    );
  }
  return named[0] ?? { kind: 'command' };
}

function whenGiven<Value>(
  values: Values,
  name: string,
  make: (value: Value) => Target,
): Target | undefined {
  const value = values[name] as Value | undefined;
  return value === undefined ? undefined : make(value);
}
