/** What a report shows of each event, before anything is written: `perf report`'s rows, in their order. */
import { NODE_KEYS, type ChainKey } from './chain-places.js';
import { entriesOf, sortEntries, type Entry, type RowOrder } from './entries.js';
import { flatProfile, shownWeights, type FlatProfile } from './flat.js';
import { DEFAULT_PARENT, keyColumns, type KeyColumn } from './key-columns.js';
import { limitStacks } from './max-stack.js';
import { eventsWithSamples } from '../selection/event-choice.js';
import { functionsNamed, modulesNamed } from '../selection/function-choice.js';
import type { NamePattern } from '../selection/names.js';
import type { Profile } from '../profile.js';
import {
  planFields,
  type Field,
  type FieldChoice,
  type FieldPlan,
  type SortKey,
} from './sort-keys.js';

/** What a person asked for; what is absent is as perf has it. */
export interface ReportChoice extends Partial<FieldChoice> {
  /** Order of call graphs; with `none` there are none. */
  readonly chain?: 'caller' | 'callee' | 'none' | undefined;
  /** How many frames of a stack are looked at: with callers first the outermost, else the innermost. */
  readonly maxStack?: number | undefined;
  /** What frames of call graphs are told apart by. */
  readonly chainKey?: ChainKey | undefined;
  /** Each sort key is a level of a tree; there are no children then. */
  readonly hierarchy?: boolean | undefined;
  /**
   * Whether events are shown side by side: by default those that were recorded as a group; with `all` all
   * events, with `none` none.
   */
  readonly group?: 'recorded' | 'all' | 'none' | undefined;
  /** The commands whose samples were chosen. */
  readonly comms?: readonly string[] | undefined;
  /** Only rows of these. */
  readonly dsos?: readonly NamePattern[] | undefined;
  readonly symbols?: readonly NamePattern[] | undefined;
  /** Only rows of functions with this in their names. */
  readonly symbolFilter?: string | undefined;
  /** Of `parent`. */
  readonly parent?: RegExp | undefined;
  /** Of `time`, in nanoseconds. */
  readonly timeQuantum?: number | undefined;
  /** `relative`: percentages of what is shown; else of `whole`. */
  readonly percentage?: 'relative' | 'absolute' | undefined;
  /** By event: what percentages are of; where it is absent, the profile's own samples. */
  readonly whole?: readonly Total[] | undefined;
}

export interface Total {
  readonly weight: number;
  readonly samples: number;
}

export interface Elided {
  readonly key: SortKey;
  readonly value: string;
}

/** Of one event, or several side by side. */
export interface EventReport {
  /** Indexes into the profile's events, the leader first. */
  readonly events: readonly number[];
  /** Of each of them. */
  readonly flats: readonly FlatProfile[];
  /** What percentages of each are of. */
  readonly totals: readonly Total[];
  readonly plan: FieldPlan;
  /** Of the plan's keys. */
  readonly columns: readonly KeyColumn[];
  /** Keys that are the same in all rows because one value was asked for; they have no column. */
  readonly elided: readonly Elided[];
  readonly order: RowOrder;
  /** Sorted. Without children, rows that only call are left out. */
  readonly entries: readonly Entry[];
}

/** The reports of all events that have samples. */
export function reportsOf(read: Profile, choice: ReportChoice): EventReport[] {
  // perf shows neither children nor call graphs of a recording without call chains, nor of branches.
  const branches = read.branches !== undefined;
  const chained = !branches && read.stacks.parent.some((parent) => parent >= 0);
  const children = chained && choice.hierarchy !== true && (choice.children ?? true);
  // As with perf, also in a hierarchy, which has no children.
  const direction = choice.chain ?? ((choice.children ?? true) ? 'caller' : 'callee');
  const { maxStack } = choice;
  const profile =
    maxStack === undefined
      ? read
      : limitStacks(read, maxStack, direction === 'none' ? 'caller' : direction);
  const planned = planFields({ ...choice, children, branches });
  const elided = elidedKeys(planned, choice);
  const plan = { ...planned, columns: planned.columns.filter((field) => !isElided(elided, field)) };
  const columns = keyColumns(profile, plan.keys, {
    timeQuantum: choice.timeQuantum,
    parent: {
      pattern: choice.parent ?? DEFAULT_PARENT,
      which: (direction === 'none' ? children : direction === 'caller') ? 'outermost' : 'innermost',
    },
  });
  const order: RowOrder = {
    by: plan.order,
    children,
    chain: chained && direction !== 'none' ? direction : undefined,
  };
  const shown = shownFunctions(profile, choice);
  const finest = NODE_KEYS[choice.chainKey ?? 'function'];
  return eventsShown(profile, choice.group ?? 'recorded').map((events) => {
    const flats = events.map((event) => flatProfile(profile, event, columns, shown, finest));
    const totals = flats.map((flat, at) => {
      if (choice.percentage === 'relative') return shownWeights(flat);
      return choice.whole?.[events[at]] ?? flat.tree;
    });
    const entries = entriesOf(flats).filter(({ rows }) =>
      rows.some((row) => row !== undefined && (row.selfSamples > 0 || children)),
    );
    const sorted = sortEntries(entries, columns, order);
    return { events, flats, totals, plan, columns, elided, order, entries: sorted };
  });
}

/** perf shows them all again where none would be left. */
function elidedKeys({ keys }: FieldPlan, { comms, dsos, symbols }: ReportChoice): Elided[] {
  const asked: readonly (readonly [SortKey, readonly NamePattern[] | undefined])[] = [
    ['dso', dsos],
    ['comm', comms],
    ['symbol', symbols],
  ];
  const elided = asked.flatMap(([key, names]) => {
    const value = names?.length === 1 ? names[0] : undefined;
    return typeof value === 'string' && keys.includes(key) ? [{ key, value }] : [];
  });
  return elided.length === keys.length ? [] : elided;
}

export function isElided(elided: readonly Elided[], field: Field): boolean {
  return elided.some(({ key }) => key === field);
}

/** Weight and count of each event's samples. */
export function totalsOf({ events, samples }: Profile): Total[] {
  const totals = events.map(() => ({ weight: 0, samples: 0 }));
  for (let sample = 0; sample < samples.length; sample++) {
    const total = totals[samples.event[sample]];
    total.weight += samples.weight[sample];
    total.samples++;
  }
  return totals;
}

/** 1 for each function whose rows are shown; `undefined` where all are. */
function shownFunctions(profile: Profile, choice: ReportChoice): Uint8Array | undefined {
  const { dsos, symbols, symbolFilter } = choice;
  const { functions, strings } = profile;
  const tests: Uint8Array[] = [];
  if (dsos !== undefined) {
    const ofModules = modulesNamed(profile, dsos);
    tests.push(Uint8Array.from(functions.module, (module) => (module < 0 ? 0 : ofModules[module])));
  }
  if (symbols !== undefined) tests.push(functionsNamed(profile, symbols));
  if (symbolFilter !== undefined) {
    tests.push(
      Uint8Array.from(functions.name, (name) => (strings[name].includes(symbolFilter) ? 1 : 0)),
    );
  }
  if (tests.length === 0) return undefined;
  return tests[0].map((_, func) => (tests.every((test) => test[func] === 1) ? 1 : 0));
}

/** Events with samples, each with those that are shown beside it. */
export function eventsShown(
  profile: Profile,
  group: NonNullable<ReportChoice['group']>,
): number[][] {
  const present = eventsWithSamples(profile);
  if (group === 'all') return present.length === 0 ? [] : [present];
  if (group === 'none') return present.map((event) => [event]);
  const leaderOf = (event: number) => profile.events[event].leader ?? event;
  const leaders = new Set(present.map(leaderOf));
  return [...leaders].map((leader) => present.filter((event) => leaderOf(event) === leader));
}
