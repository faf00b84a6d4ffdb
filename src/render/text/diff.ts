/**
 * `strata diff`: what changed between recordings.
 *
 *     before  a.data  python app.py: 10.0 s of cpu-clock in 10,012 samples
 *     after   b.data  python app.py: 10.4 s of cpu-clock in 10,412 samples  × 1.04
 *
 *       before    after     delta     ratio    sure
 *       4.00 s   4.40 s   +400 ms    × 1.10 * >99.9%  parse  app.py
 */
import { plural } from '../../base/units.js';
import { figureOf, isSignificant, sortedRows, type DiffTable } from '../../profile/diff/diff.js';
import { linkChildren } from '../../profile/calltree.js';
import { Layer, type Note, type ProfileMeta } from '../../profile/profile.js';
import { functionName, functionPlace, wholeOf } from '../tree/tree-words.js';
import { FigureColumns, formatFactor, isNoteworthy } from './diff-columns.js';
import { writeNote } from './notes.js';
import { PLAIN, type Style } from './style.js';
import { columns, safe, shortenEnd, shortenMiddle, wrapWords, type Sink } from './text.js';

export interface DiffTextOptions {
  /** Rows that are noise, too. */
  readonly all?: boolean;
  /** Rows that weigh and differ by less than this percentage of the recordings are left out. */
  readonly percentLimit?: number;
  readonly width?: number;
  readonly style?: Style;
}

/** What is said of a recording beside its figures. */
export interface DiffRecording {
  readonly meta: ProfileMeta;
  readonly notes: readonly Note[];
}

const MIN_WIDTH = 40;

/** @param recordings in the order of the table's sides */
export function writeDiff(
  table: DiffTable,
  recordings: readonly DiffRecording[],
  notes: readonly string[],
  options: DiffTextOptions,
  sink: Sink,
): void {
  const width = options.width === undefined ? undefined : Math.max(MIN_WIDTH, options.width);
  const style = options.style ?? PLAIN;
  writeHeading(table, recordings, width, style, sink);
  const printer = new Printer(table, { ...options, width, style }, sink);
  if (table.by === 'tree') printer.tree();
  else printer.rows();
  writeDiffNotes(recordings, notes, table, width, sink);
}

function writeHeading(
  table: DiffTable,
  recordings: readonly DiffRecording[],
  width: number | undefined,
  style: Style,
  sink: Sink,
): void {
  const { sides } = table.joined;
  const line = (text: string) => sink(`${width === undefined ? text : shortenEnd(text, width)}\n`);
  const names = sides.map(({ label }) => safe(label));
  const longest = Math.max(...names.map(columns));
  sides.forEach((side, index) => {
    const samples = table.joined.sides[index].end - side.first;
    const name = sides.length > 2 ? `#${index + 1}` : ['before', 'after '][index];
    const ratio = side.weight / sides[0].weight;
    const grown = index > 0 && Number.isFinite(ratio) ? `  × ${ratio.toFixed(2)}` : '';
    const command = safe(recordings[index].meta.command);
    const whole = safe(
      isCounted(table)
        ? `${plural(side.weight, 'sample')} of ${side.event.name}`
        : wholeOf(side.event, { weight: side.weight, samples }),
    );
    line(
      `${style.strong(name)}  ${names[index]}${' '.repeat(longest - columns(names[index]))}  ${whole}${grown}${command === '' ? '' : `: ${command}`}`,
    );
  });
  sink('\n');
  const prose = (text: string) => wrapWords(text, width).forEach(line);
  prose(headline(table));
  table.comparisons.forEach(({ drift }, index) => {
    if (!isNoteworthy(drift)) return;
    const which = sides.length > 2 ? ` in #${index + 2}` : '';
    const why =
      table.joined.sides[0].event.unit === 'ns' ? ', as on a busier or slower machine' : '';
    prose(
      `What did not change weighs ${formatFactor(drift.log)}${which}${drift.log > 0 ? why : ''}; marks are of what changed beside that.`,
    );
  });
  sink('\n');
}

/** Whether samples are counted that stand for something else. */
function isCounted({ normalize, joined }: DiffTable): boolean {
  return normalize === 'samples' && joined.sides[0].event.name !== 'samples';
}

/** What the figures are, in a line. */
function headline(table: DiffTable): string {
  const { by, normalize, children, joined } = table;
  const { name, unit } = joined.sides[0].event;
  const what = {
    symbol: children ? 'each function with what it calls' : 'each function itself',
    stack: 'each whole stack',
    tree: 'each call',
  }[by];
  const figures = {
    total: `shares of all ${safe(name)}`,
    time:
      unit === 'ns'
        ? `time by ${safe(name)}, the work taken to be the same`
        : `counts of ${safe(name)}`,
    samples: isCounted(table) ? `numbers of samples of ${safe(name)}` : 'numbers of samples',
  }[normalize];
  return `Of ${what}: ${figures} (--normalize ${normalize})`;
}

class Printer {
  private readonly figures: FigureColumns;
  private readonly style: Style;
  private readonly width: number | undefined;
  private readonly all: boolean;
  private readonly limit: number;

  constructor(
    private readonly table: DiffTable,
    options: Omit<DiffTextOptions, 'width'> & {
      readonly width: number | undefined;
      readonly style: Style;
    },
    private readonly sink: Sink,
  ) {
    this.style = options.style;
    this.width = options.width;
    this.all = options.all === true;
    this.limit = (options.percentLimit ?? 0) / 100;
    this.figures = new FigureColumns(table, options.style, options.width);
  }

  rows(): void {
    const { table } = this;
    const heavy = sortedRows(table).filter((row) => this.isHeavy(row));
    const shown = this.all ? heavy : heavy.filter((row) => isSignificant(table, row));
    if (shown.length > 0) this.header();
    for (const row of shown) {
      this.line(row, '', table.func[row] < 0 ? this.module(row) : this.symbol(table.func[row]));
      if (table.by === 'stack') this.stack(table.stack[row]);
    }
    const nouns =
      table.by === 'stack' ? 'stack' : table.func.some((func) => func >= 0) ? 'function' : 'module';
    this.conclude(
      shown.some((row) => isSignificant(table, row)),
      heavy.length - shown.length,
      nouns,
    );
  }

  tree(): void {
    const { table } = this;
    const { stacks } = table.joined.profile;
    const shown = this.shownNodes();
    const { firstChild, nextSibling, firstRoot } = linkChildren(stacks.parent);
    const weight = (node: number) =>
      Math.max(...table.sums.map((_, side) => figureOf(table, node, side)));
    const below = (first: number): number[] => {
      const nodes: number[] = [];
      for (let node = first; node >= 0; node = nextSibling[node]) {
        if (shown[node] === 1) nodes.push(node);
      }
      return nodes.sort((a, b) => weight(b) - weight(a) || a - b);
    };
    const roots = below(firstRoot);
    if (roots.length > 0) this.header();
    const pending: { node: number; branch: string; lead: string }[] = [];
    const push = (nodes: readonly number[], lead: string): void => {
      const kept = this.shortLead(lead);
      for (let i = nodes.length - 1; i >= 0; i--) {
        const alone = nodes.length === 1;
        const last = i === nodes.length - 1;
        pending.push({
          node: nodes[i],
          branch: alone ? kept : `${kept}${last ? '└─ ' : '├─ '}`,
          lead: alone ? kept : `${kept}${last ? '   ' : '│  '}`,
        });
      }
    };
    push(roots, '');
    for (let next; (next = pending.pop()) !== undefined;) {
      this.line(next.node, next.branch, this.symbol(table.func[next.node]));
      push(below(firstChild[next.node]), next.lead);
    }
    const changed = Array.from({ length: table.length }, (_, row) => row).filter(
      (row) => shown[row] === 1 && isSignificant(table, row),
    );
    const heavy = sortedRows(table).filter((row) => this.isHeavy(row)).length;
    this.conclude(changed.length > 0, heavy - shown.reduce((sum, one) => sum + one, 0), 'call');
  }

  /** Nodes that are to be shown, with those above them. */
  private shownNodes(): Uint8Array {
    const { table } = this;
    const { parent } = table.joined.profile.stacks;
    const shown = new Uint8Array(table.length);
    for (let node = table.length - 1; node >= 0; node--) {
      if (this.isHeavy(node) && (this.all || isSignificant(table, node))) shown[node] = 1;
      if (shown[node] === 1 && parent[node] >= 0) shown[parent[node]] = 1;
    }
    return shown;
  }

  private isHeavy(row: number): boolean {
    const { sums, joined } = this.table;
    return sums.some(
      ({ weight, samples }, side) =>
        samples[row] > 0 && weight[row] >= this.limit * joined.sides[side].weight,
    );
  }

  private header(): void {
    this.sink(`${this.style.faint(this.figures.header().trimEnd())}\n`);
  }

  private line(
    row: number,
    branch: string,
    [name, place, python]: readonly [string, string, boolean],
  ): void {
    const room =
      this.width === undefined ? Infinity : this.width - this.figures.width - columns(branch);
    const shown = shortenEnd(name, room);
    const left = room - columns(name) - 2;
    const where = left >= Math.min(columns(place), 8) ? shortenMiddle(place, left) : '';
    const words = python && isSignificant(this.table, row) ? this.style.strong(shown) : shown;
    const text = where === '' ? words : `${words}  ${this.style.faint(where)}`;
    this.sink(`${this.figures.line(row)}${this.style.faint(branch)}${text}\n`);
  }

  private symbol(func: number): readonly [string, string, boolean] {
    const { profile } = this.table.joined;
    const python = profile.functions.layer[func] === Layer.Python;
    return [safe(functionName(profile, func)), safe(functionPlace(profile, func)), python];
  }

  private module(row: number): readonly [string, string, boolean] {
    const { modules, strings } = this.table.joined.profile;
    const module = this.table.module[row];
    return [module < 0 ? '[unknown]' : safe(strings[modules.name[module]]), '', false];
  }

  /** The callers of a stack's innermost frame, outermost first. */
  private stack(leaf: number): void {
    const { profile } = this.table.joined;
    const { stacks, frames } = profile;
    const names: string[] = [];
    for (let stack = stacks.parent[leaf]; stack >= 0; stack = stacks.parent[stack]) {
      names.push(safe(functionName(profile, frames.func[stacks.frame[stack]])));
    }
    if (names.length === 0) return;
    const indent = Math.min(this.figures.width, 11);
    const text = `called by ${names.join(' ← ')}`;
    const cut = this.width === undefined ? text : shortenEnd(text, this.width - indent);
    this.sink(`${' '.repeat(indent)}${this.style.faint(cut)}\n`);
  }

  /** Deep nesting would push names off the terminal: only the innermost branches are drawn. */
  private shortLead(lead: string): string {
    const room = Math.max(2, Math.floor(((this.width ?? 200) - this.figures.width) / 2));
    return lead.length > room ? `…${lead.slice(lead.length - room + 1)}` : lead;
  }

  private conclude(changed: boolean, hidden: number, noun: string): void {
    if (!changed) this.sink('No change beyond noise.\n');
    else {
      const words = '* changed beyond noise: of the rows marked, one in fifty is not';
      const lines = wrapWords(words, this.width).join('\n');
      this.sink(this.style.faint(`\n${lines}\n`));
    }
    if (hidden > 0 && !this.all) {
      this.sink(
        this.style.faint(
          `${plural(hidden, `${changed ? 'other ' : ''}${noun}`)} without such a change: --all shows ${hidden === 1 ? 'it' : 'them'}\n`,
        ),
      );
    }
  }
}

/** What could not be known, once where several recordings say it. */
function writeDiffNotes(
  recordings: readonly DiffRecording[],
  notes: readonly string[],
  { joined }: DiffTable,
  width: number | undefined,
  sink: Sink,
): void {
  if (notes.length > 0) sink('\n');
  for (const note of notes) for (const line of wrapWords(safe(note), width)) sink(`${line}\n`);
  const saidOf = new Map<string, Set<string>>();
  recordings.forEach((recording, index) => {
    for (const { text, samples } of recording.notes) {
      const touched = samples === undefined ? '' : ` (${plural(samples, 'sample')})`;
      const note = `${safe(text)}${touched}`;
      const labels = saidOf.get(note) ?? new Set();
      saidOf.set(note, labels.add(safe(joined.sides[index].label)));
    }
  });
  if (saidOf.size > 0) sink('\nWhat these recordings cannot tell:\n');
  for (const [note, labels] of saidOf) {
    const which =
      labels.size === new Set(joined.sides.map(({ label }) => label)).size
        ? ''
        : `${[...labels].join(', ')}: `;
    writeNote(`${which}${note}`, sink, { width });
  }
}
