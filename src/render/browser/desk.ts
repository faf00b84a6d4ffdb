/**
 * Answers the browser's questions about a profile. What questions have in common is kept from one to the
 * next: the profile, the samples of the zooms, the table of rows, the rows that pass the filter.
 */
import { StrataError } from '../../base/errors.js';
import { formatCount, formatDuration, formatPercent, plural } from '../../base/units.js';
import { filterSamples, type SampleFilter } from '../../profile/selection/filter.js';
import type { Profile } from '../../profile/profile.js';
import type { Entry } from '../../profile/report/entries.js';
import { eventsShown, type Total } from '../../profile/report/report.js';
import { needsLines } from '../../profile/report/sort-keys.js';
import { defaultView, type View } from '../../profile/views.js';
import { noteText } from '../text/notes.js';
import { safe } from '../text/text.js';
import type { Line } from './line.js';
import { FoldedList, openOnly, pathsBelow, type ListEntry, type OpenRows } from './folded-list.js';
import type {
  Answer,
  ListLine,
  Page,
  Query,
  Question,
  WantedSymbol,
  Window,
  Zoom,
} from './protocol.js';
import { Table, type TableChoice } from './table.js';

export interface Chosen {
  readonly profile: Profile;
  /** By event: what percentages are of. */
  readonly whole: readonly Total[];
}

/** Where profiles come from. */
export interface ProfileSource {
  /** What of a report the command line asks for. */
  readonly choice: TableChoice;
  /**
   * Reads the recording.
   * @param detailed whether with lines of the source and places of instructions, which takes longer
   */
  readonly load: (detailed: boolean) => Profile;
  /** The lines or instructions of a function with their cost, in so many columns. */
  readonly annotate: (
    profile: Profile,
    event: number,
    symbol: WantedSymbol,
    width: number,
  ) => readonly Line[];
  /**
   * The samples that are looked at, in a view.
   * @throws StrataError where there are none
   */
  readonly choose: (profile: Profile, view: View) => Chosen;
  /** Where no question has said which: the default. */
  readonly view: View | undefined;
  /** Whether a question has not been overtaken by another. */
  readonly isWanted: (number: number) => boolean;
}

/** A question was overtaken while it was worked on. */
class Overtaken extends Error {}

export class Desk {
  private readonly profiles = new Map<boolean, Profile>();
  private readonly selected = new Latest<Chosen>();
  private readonly zoomed = new Latest<Profile>();
  private readonly tables = new Latest<Shown>();
  private readonly lists = new Latest<Listed>();

  /** Whether there is a profile that something can be shown of. */
  hasAnswered = false;

  constructor(private readonly source: ProfileSource) {}

  /**
   * The answer; `undefined` where it is not wanted any more.
   * @throws StrataError where the recording cannot be read, or has nothing of what was chosen
   */
  answer(question: Question): Answer | undefined {
    const { number, query } = question;
    try {
      const shown = this.table(query, number);
      const listed = this.list(query, shown);
      if (question.kind === 'annotate') return this.annotate(question, shown, listed);
      const page = this.page(question, shown, listed);
      this.hasAnswered = true;
      return { kind: 'page', number, page };
    } catch (error) {
      if (error instanceof Overtaken) return undefined;
      throw error;
    }
  }

  private annotate(
    { number, query, line, width }: Question & { kind: 'annotate' },
    { table, view }: Shown,
    { list }: Listed,
  ): Answer {
    const { row, chain } = list.at(line);
    const func = chain === undefined ? table.funcOf(row) : chain.node.funcs[chain.frame];
    const symbol = table.symbolOf(func);
    if (symbol === undefined) {
      const reason = 'rows that are not of functions have no lines: s, symbol';
      return { kind: 'refused', number, reason };
    }
    const detailed = this.source.choose(this.profile(true), view).profile;
    const [event] = table.events;
    const lines = this.source.annotate(zoomInto(detailed, query), event, symbol, width);
    // Where the costliest line is, if that is not on the first screen anyway.
    const at = Math.max(
      0,
      lines.findIndex((spans) => spans.some(({ look }) => look === 'hot')),
    );
    return { kind: 'text', number, text: { title: safe(symbol.name), lines, at } };
  }

  private page(
    question: Question & { kind: 'show' },
    shown: Shown,
    { list, entries }: Listed,
  ): Page {
    const { query, fold } = question;
    const { table, profile } = shown;
    const cursor = fold === undefined || list.length === 0 ? undefined : list.fold(fold);
    const window = windowAround(question.window, cursor, list.length);
    const relative = query.relative ? entries : undefined;
    const lines: ListLine[] = [];
    for (let line = window.top; line < window.top + window.count; line++) {
      lines.push(lineOf(table, list.at(line), relative));
    }
    const { order, plan } = table.report;
    return {
      columns: table.heads,
      lines: list.length,
      window,
      shown: lines,
      ...(cursor === undefined ? {} : { cursor }),
      event: { number: shown.number, of: shown.of },
      title: titleOf(table),
      view: shown.view,
      sort: plan.keys,
      children: order.children,
      hierarchy: table.isHierarchy,
      ...(order.chain === undefined ? {} : { chain: order.chain }),
      notes: profile.notes.map((note) => safe(noteText(note))),
    };
  }

  private table(query: Query, question: number): Shown {
    const check = (): void => {
      if (!this.source.isWanted(question)) throw new Overtaken();
    };
    const { choice } = this.source;
    const { hierarchy = choice.hierarchy === true } = query;
    const asked: TableChoice = {
      ...choice,
      sort: query.sort ?? choice.sort,
      // Levels are the keys of `sort`.
      fields: hierarchy ? undefined : choice.fields,
      children: query.children ?? choice.children ?? true,
      chain: query.chain ?? choice.chain,
      hierarchy,
    };
    const profile = this.profile(needsLines(asked));
    check();
    const view = query.view ?? this.source.view ?? defaultView(profile);
    const chosen = this.selected.of([profile, view], () => this.source.choose(profile, view));
    const { profile: selected, whole } = chosen;
    check();
    const zooms = JSON.stringify(query.zooms);
    const zoomed = this.zoomed.of([selected, zooms], () => zoomInto(selected, query));
    check();
    const groups = eventsShown(selected, choice.group ?? 'recorded');
    const number = Math.min(query.event ?? 0, Math.max(0, groups.length - 1));
    if (zoomed.samples.length === 0 || groups.length === 0)
      throw new StrataError('no samples are left');
    const { sort, children, chain } = asked;
    return this.tables.of(
      [zoomed, number, JSON.stringify(sort), children, chain, hierarchy],
      () => {
        const table = new Table(zoomed, groups[number], { ...asked, whole });
        const open: OpenRows = { graphs: new Map(), levels: new Set() };
        if (hierarchy) openOnly(open.levels, table.rowsOf(table.entries));
        return {
          table,
          view,
          profile: selected,
          number,
          of: groups.length,
          open,
          textOf: remembered((entry) => table.textOf(entry)),
        };
      },
    );
  }

  private profile(detailed: boolean): Profile {
    // With details there is everything that there is without.
    const known = this.profiles.get(detailed) ?? this.profiles.get(true);
    if (known !== undefined) return known;
    const profile = this.source.load(detailed);
    this.profiles.set(detailed, profile);
    return profile;
  }

  private list({ zooms, filter }: Query, { table, open, textOf }: Shown): Listed {
    const dsos = zooms.flatMap((zoom) => (zoom.kind === 'dso' ? [zoom.name] : []));
    return this.lists.of([table, JSON.stringify(dsos), filter], () => {
      const inDsos = table.entries.filter((entry) =>
        dsos.every((dso) => table.isOfDso(entry, dso)),
      );
      const text = filter.toLowerCase();
      const entries = text === '' ? inDsos : inDsos.filter((entry) => textOf(entry).includes(text));
      const rows = table.rowsOf(entries);
      // Of a hierarchy what was looked for is in sight.
      const levels = text === '' ? open.levels : new Set(pathsBelow(rows));
      return { entries, list: new FoldedList(rows, table, { ...open, levels }) };
    });
  }
}

/** A table and what goes with it. */
interface Shown {
  readonly table: Table;
  readonly view: View;
  readonly profile: Profile;
  /** Which of the events, or groups of events, that have samples. */
  readonly number: number;
  readonly of: number;
  readonly open: OpenRows;
  /** What a filter is looked for in. */
  readonly textOf: (entry: Entry) => string;
}

interface Listed {
  /** Those that pass the filter. */
  readonly entries: readonly Entry[];
  readonly list: FoldedList;
}

/** The value that was made last, kept while what it was made of is the same. */
class Latest<T> {
  private parts: readonly unknown[] | undefined;
  private value: T | undefined;

  of(parts: readonly unknown[], make: () => T): T {
    const { parts: known } = this;
    const isSame = known !== undefined && parts.every((part, i) => part === known[i]);
    if (!isSame || this.value === undefined) {
      this.parts = parts;
      this.value = make();
    }
    return this.value;
  }
}

function remembered(make: (entry: Entry) => string): (entry: Entry) => string {
  const known = new Map<Entry, string>();
  return (entry) => {
    let text = known.get(entry);
    if (text === undefined) known.set(entry, (text = make(entry)));
    return text;
  };
}

/** The samples of the threads, processes and commands; shared objects choose rows, not samples. */
function zoomInto(profile: Profile, { zooms }: Query): Profile {
  return zooms.reduce((all, zoom) => filterSamples(all, sampleFilter(zoom)), profile);
}

function sampleFilter(zoom: Zoom): SampleFilter {
  switch (zoom.kind) {
    case 'thread':
      return { tids: [zoom.tid] };
    case 'process':
      return { pids: [zoom.pid] };
    case 'comm':
      return { comms: [zoom.name] };
    case 'dso':
      return {};
  }
}

/** `1,234 samples of cpu-clock, 1.20 s`. */
function titleOf({ profile, events, own }: Table): string {
  const names = events.map((event) => profile.events[event].name).join(', ');
  const { unit } = profile.events[events[0]];
  const weight = unit === 'ns' ? formatDuration(own.weight) : formatCount(own.weight);
  const count =
    profile.branches === undefined
      ? plural(own.samples, 'sample')
      : plural(own.samples, 'branch', 'branches');
  return `${count} of ${safe(names)}, ${weight}`;
}

/** The lines asked for that there are; those around the cursor where it is not among them. */
function windowAround(asked: Window, cursor: number | undefined, lines: number): Window {
  const isAway = cursor !== undefined && (cursor < asked.top || cursor >= asked.top + asked.count);
  const wanted = isAway ? cursor - Math.floor(asked.count / 2) : asked.top;
  const top = Math.max(0, Math.min(wanted, lines - asked.count));
  return { top, count: Math.min(asked.count, lines - top) };
}

function lineOf(
  table: Table,
  { row, chain, fold }: ListEntry,
  relative: readonly Entry[] | undefined,
): ListLine {
  const { level } = row;
  const weight = table.weightOf(row);
  if (chain === undefined) {
    return {
      kind: 'row',
      cells: table.cells(row, relative),
      fold,
      share: table.shareOf(weight, relative),
      level,
      layer: table.layerOf(table.funcOf(row)),
      zooms: table.zooms(row),
    };
  }
  const { node, frame, depth, parting } = chain;
  const func = node.funcs[frame];
  const share = table.isFractal
    ? node.weight / (depth === 0 ? weight : parting)
    : table.shareOf(node.weight, relative);
  const isAll = depth === 0 && node.weight === weight;
  const name = table.nameOf(node.nodes[frame]);
  return {
    kind: 'chain',
    level,
    indent: depth,
    percent: frame > 0 || isAll ? '' : formatPercent(share, 1),
    share,
    name: `${name}${node.cut && frame === node.funcs.length - 1 ? ' …' : ''}`,
    fold,
    layer: table.layerOf(func),
    zooms: table.zooms(row, func),
  };
}
