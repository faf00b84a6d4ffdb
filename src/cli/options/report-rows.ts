/** Which rows and columns `report` shows, by `perf report`'s flags. */
import { InvalidArgumentError } from 'commander';

import { StrataError, usageError } from '../../base/errors.js';
import { parseNames, regularExpression, type NamePattern } from '../../profile/selection/names.js';
import type { ReportChoice } from '../../profile/report/report.js';
import { FIELD_NAMES, fieldNamed, type Field } from '../../profile/report/sort-keys.js';
import { nearestWords } from '../nearest.js';
import { durationOf } from '../values.js';
import { given } from './shared.js';
import type { Flag, Values } from './spec.js';

/** A list of fields; `more` adds to the default. */
export interface FieldList {
  readonly fields: readonly Field[];
  readonly more: boolean;
}

/** What of a report's choice the command line says. */
export interface RowChoice extends ReportChoice {
  readonly children: boolean;
  /** Whether rows are of branches; absent: where they were recorded. */
  readonly branchStack?: boolean | undefined;
  /** Whether samples without a parent are left out. */
  readonly excludeOther: boolean;
  /** What stands between columns. */
  readonly separator?: string | undefined;
}

export const ROW_FLAGS: readonly Flag[] = [
  {
    flags: '-s, --sort <keys>',
    help: `rows by these, in this order; +KEY adds to the default: ${FIELD_NAMES.join(', ')}`,
    valueText: 'comm,dso,sym',
    parse: parseFields,
  },
  {
    flags: '-F, --fields <fields>',
    help: 'these columns, in this order, of what --sort takes; +FIELD adds to the default',
    parse: parseFields,
  },
  { flags: '-n, --show-nr-samples', help: 'add a column with the number of samples' },
  { flags: '--show-total-period', help: 'add a column with what the samples count' },
  { flags: '--total-period', help: '', hidden: true },
  {
    flags: '--show-cpu-utilization',
    help: 'add columns for what was spent in the kernel and outside it',
  },
  {
    flags: '--children',
    help: 'sort by what a function and its callees cost',
    value: true,
    valueText: 'on',
  },
  { flags: '--no-children', help: 'sort by what a function itself costs' },
  {
    flags: '-b, --branch-stack',
    help: 'rows of branches: symbol_from, symbol_to; usual where they were recorded (record -b)',
  },
  { flags: '--no-branch-stack', help: 'rows of samples, also where branches were recorded' },
  { flags: '--hierarchy', help: 'each sort key as a level of a tree' },
  {
    flags: '--group',
    help: 'events side by side, also where they were not recorded as a group',
  },
  { flags: '--no-group', help: 'each event of a group by itself' },
  {
    flags: '-d, --dsos <list>',
    help: 'only rows of these files: names, names with *, /regex/',
    parse: parseNames,
  },
  {
    flags: '-S, --symbols <list>',
    help: 'only rows of these functions, likewise',
    parse: parseNames,
  },
  { flags: '--symbol-filter <text>', help: 'only rows of functions with this in their names' },
  {
    flags: '-p, --parent <regex>',
    help: 'sort also by the function on the stack whose name matches',
    parse: (text: string) => regularExpression(text),
  },
  { flags: '-x, --exclude-other', help: 'only rows of samples with such a function' },
  {
    flags: '--time-quantum <time>',
    help: 'what the key time takes for one: 100ms, 10us, 1s',
    valueText: '100ms',
    parse: parseQuantum,
  },
  {
    flags: '--percentage <how>',
    help: 'of what is shown (relative), or also of what --comms, --pid, --tid, --dsos, --symbols leave out',
    choices: ['relative', 'absolute'],
    valueText: 'absolute',
  },
  {
    flags: '-t, --field-separator <text>',
    help: 'this between columns, without blanks around',
  },
];

/** @throws StrataError for options that contradict each other */
export function rowChoice(values: Values): RowChoice {
  const hierarchy = values['hierarchy'] === true;
  const fields = values['fields'] as FieldList | undefined;
  if (hierarchy && fields !== undefined) {
    throw usageError('--hierarchy has the keys of --sort as levels: --fields does not go with it');
  }
  const parent = values['parent'] as RegExp | undefined;
  const total = values['showTotalPeriod'] === true || values['totalPeriod'] === true;
  const group = values['group'] as boolean | undefined;
  const separator = values['fieldSeparator'] as string | undefined;
  return {
    ...given('sort', sortWith(values['sort'] as FieldList | undefined, parent)),
    ...given('fields', fields),
    samples: values['showNrSamples'] === true,
    period: total,
    utilization: values['showCpuUtilization'] === true,
    children: values['children'] === true,
    ...given('branchStack', values['branchStack'] as boolean | undefined),
    hierarchy,
    ...(group === undefined ? {} : { group: group ? ('all' as const) : ('none' as const) }),
    ...given('dsos', values['dsos'] as NamePattern[] | undefined),
    ...given('symbols', values['symbols'] as NamePattern[] | undefined),
    ...given('symbolFilter', values['symbolFilter'] as string | undefined),
    ...given('parent', parent),
    excludeOther: values['excludeOther'] === true,
    ...given('timeQuantum', values['timeQuantum'] as number | undefined),
    ...given('percentage', values['percentage'] as 'relative' | 'absolute' | undefined),
    ...given('separator', separator === '\\t' ? '\t' : separator),
  };
}

/** As with perf, what `--parent` matches is the last key. */
function sortWith(sort: FieldList | undefined, parent: RegExp | undefined): FieldList | undefined {
  if (parent === undefined) return sort;
  if (sort === undefined) return { fields: ['parent'], more: true };
  return { ...sort, fields: [...sort.fields, 'parent'] };
}

/**
 * `comm,sym`, `+cpu`, by perf's names.
 * @throws StrataError that says which is none
 */
export function parseFields(text: string): FieldList {
  const more = text.startsWith('+');
  const words = (more ? text.slice(1) : text).split(/[,\s]+/);
  const fields = words.map((word) => {
    const field = fieldNamed(word);
    if (field !== undefined) return field;
    const meant = nearestWords(word, FIELD_NAMES);
    const suggestion = meant.length === 0 ? '' : `did you mean ${meant.join(' or ')}? `;
    throw new StrataError(`'${word}' is no key`, `${suggestion}Keys: ${FIELD_NAMES.join(', ')}`);
  });
  return { fields, more };
}

/** perf's form: a number and its unit, in nanoseconds. */
function parseQuantum(text: string): number {
  const match = /^(\d{1,9})(ns|us)$/.exec(text);
  const scale = match?.[2] === 'us' ? 1e3 : 1;
  const seconds = match === null ? durationOf(text, 's') : undefined;
  const quantum = match === null ? Math.round((seconds ?? 0) * 1e9) : Number(match[1]) * scale;
  if (quantum < 1) throw new InvalidArgumentError('A duration above zero: 100ms, 10us, 1s.');
  return quantum;
}
