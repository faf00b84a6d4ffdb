/**
 * `strata tree`: per thread, who spent the time, read downwards.
 *
 *     app  pid 42, tid 42: 2.31 s of cpu-clock in 2,310 samples
 *       2.31 s 100.0%  main  app.py
 *                      run  app.py
 *       1.20 s  51.9%  ├─ parse  app.py
 *       1.11 s  48.1%  └─ json.loads  json/__init__.py
 *                         [12 frames of json, re hidden]
 *
 * A function that is all that its caller calls stands below it without a branch; its time is left out
 * where it is its caller's.
 */
import { formatCount, formatDuration, formatPercent, plural } from '../../base/units.js';
import { callTree, type CallTree } from '../../profile/calltree.js';
import { shortFile } from '../../profile/libraries.js';
import { outline, type OutlineNode } from '../../profile/outline.js';
import { Layer, type EventInfo, type Profile } from '../../profile/profile.js';
import { writeNotes } from './notes.js';
import { PLAIN, type Style } from './style.js';
import { columns, safe, shortenEnd, shortenMiddle, type Sink } from './text.js';

export interface TreeOptions {
  /** Fold no library code. */
  readonly all?: boolean;
  /** Entries below this percentage of the thread are left out. */
  readonly minPercent?: number;
  readonly maxDepth?: number;
  /** The terminal's columns. */
  readonly width?: number;
  readonly style?: Style;
  /** All threads as one. */
  readonly merge?: boolean;
}

const MIN_WIDTH = 40;

/** Writes the tree of every event and thread that has samples, and what could not be known. */
export function writeTree(profile: Profile, options: TreeOptions, sink: Sink): void {
  const present = new Set(profile.samples.event);
  profile.events.forEach((_, event) => {
    if (present.has(event)) writeEvent(profile, event, options, sink);
  });
  if (present.size === 0) sink('No samples.\n');
  writeNotes(profile, sink);
}

function writeEvent(profile: Profile, event: number, options: TreeOptions, sink: Sink): void {
  const tree = callTree(profile, event, options.merge === true ? [] : ['thread']);
  const weights = groupWeights(tree);
  const order = weights.map((_, group) => group);
  order.sort((a, b) => weights[b].weight - weights[a].weight || a - b);
  const minPercent = options.minPercent ?? 1;
  const small = order.filter((group) => weights[group].weight * 100 < tree.weight * minPercent);
  for (const group of order.slice(0, order.length - small.length)) {
    const { weight, samples } = weights[group];
    const printer = new Printer(tree, weight, options, sink);
    printer.head(group, samples);
    const { maxDepth = Infinity, all = false } = options;
    printer.print(outline(tree, group, { minWeight: (weight * minPercent) / 100, maxDepth, all }));
    sink('\n');
  }
  if (small.length > 0) {
    const weight = small.reduce((sum, group) => sum + weights[group].weight, 0);
    const amount = formatAmount(profile.events[event], weight);
    sink(`${plural(small.length, 'smaller thread')}: ${amount}\n\n`);
  }
}

function groupWeights(tree: CallTree): { weight: number; samples: number }[] {
  const sums = tree.groups.map(() => ({ weight: 0, samples: 0 }));
  for (let node = tree.firstRoot; node >= 0; node = tree.nextSibling[node]) {
    sums[tree.group[node]].weight += tree.total[node];
    sums[tree.group[node]].samples += tree.totalSamples[node];
  }
  return sums;
}

/** An entry with what stands left of it on its own line, and on those below it. */
interface Line {
  readonly node: OutlineNode;
  readonly branch: string;
  readonly lead: string;
  /** Weight of the line above that it continues; its own is left out where equal. */
  readonly above: number;
}

class Printer {
  private readonly style: Style;
  private readonly width: number;

  constructor(
    private readonly tree: CallTree,
    private readonly total: number,
    options: TreeOptions,
    private readonly sink: Sink,
  ) {
    this.style = options.style ?? PLAIN;
    this.width = Math.max(MIN_WIDTH, options.width ?? 100);
  }

  head(group: number, samples: number): void {
    const { threads, strings, events } = this.tree.profile;
    const event = events[this.tree.event];
    const thread = this.tree.groups[group].thread;
    const name =
      thread < 0
        ? 'All threads'
        : `${safe(strings[threads.name[thread]])}  pid ${threads.pid[thread]}, tid ${threads.tid[thread]}`;
    const measured =
      event.unit === 'ns'
        ? `${formatDuration(this.total)} of ${safe(event.name)} in ${plural(samples, 'sample')}`
        : `${formatCount(this.total)} ${safe(event.name)} in ${plural(samples, 'sample')}`;
    const lines =
      columns(name) + columns(measured) + 2 <= this.width
        ? [`${name}: ${measured}`]
        : [`${name}:`, measured];
    for (const line of lines) this.sink(`${this.style.strong(shortenEnd(line, this.width))}\n`);
  }

  print(roots: readonly OutlineNode[]): void {
    const lines: Line[] = [];
    this.push(lines, roots, '', -1);
    for (let line; (line = lines.pop()) !== undefined;) {
      this.line(line);
      const { node } = line;
      if (node.kind === 'function' || node.kind === 'folded') {
        this.push(lines, node.children, line.lead, node.weight);
      }
    }
  }

  /** Puts `nodes` on the list, the first one last, that is, next. */
  private push(lines: Line[], nodes: readonly OutlineNode[], lead: string, above: number): void {
    // Deep nesting would push names off the terminal: only the innermost branches are drawn.
    const room = Math.floor((this.width - FIGURES) / 2);
    const kept = lead.length > room ? `…${lead.slice(lead.length - room + 1)}` : lead;
    if (nodes.length === 1) {
      lines.push({ node: nodes[0], branch: kept, lead: kept, above });
      return;
    }
    for (let i = nodes.length - 1; i >= 0; i--) {
      const last = i === nodes.length - 1;
      lines.push({
        node: nodes[i],
        branch: `${kept}${last ? '└─ ' : '├─ '}`,
        lead: `${kept}${last ? '   ' : '│  '}`,
        above: -1,
      });
    }
  }

  private line({ node, branch, above }: Line): void {
    const room = this.width - FIGURES - columns(branch);
    this.sink(
      `${node.weight === above ? ' '.repeat(FIGURES) : this.figures(node.weight)}` +
        `${this.style.faint(branch)}${this.words(node, room)}\n`.replace(/ +\n$/, '\n'),
    );
  }

  private figures(weight: number): string {
    const { events } = this.tree.profile;
    const amount = formatAmount(events[this.tree.event], weight);
    const text = `${amount.padStart(8)} ${formatPercent(weight, this.total, 1).padStart(6)}  `;
    const share = weight / this.total;
    return share >= 0.5 ? this.style.hot(text) : share >= 0.1 ? this.style.warm(text) : text;
  }

  private words(node: OutlineNode, room: number): string {
    switch (node.kind) {
      case 'self':
        return this.style.faint(shortenEnd('[self]', room));
      case 'smaller':
        return this.style.faint(shortenEnd(`[${node.functions} smaller]`, room));
      case 'folded': {
        const { libraries: names } = node;
        const more = names.length > 3 ? ', …' : '';
        const which = safe(names.slice(0, 3).join(', ')) + more;
        return this.style.faint(shortenEnd(`[${node.frames} frames of ${which} hidden]`, room));
      }
      case 'function':
        return this.functionWords(node.func, node.line, node.cut, room);
    }
  }

  private functionWords(func: number, line: number, cut: boolean, room: number): string {
    const name = `${func < 0 ? '[no frames]' : safe(this.nameOf(func))}${cut ? ' …' : ''}`;
    const place = func < 0 ? '' : safe(this.placeOf(func, line));
    const python = func >= 0 && this.tree.profile.functions.layer[func] === Layer.Python;
    const left = room - columns(name) - 2;
    // A place of fewer columns than this tells nothing.
    const shortPlace = left >= Math.min(columns(place), 8) ? shortenMiddle(place, left) : '';
    const shown = shortenEnd(name, room);
    const words = python ? this.style.strong(shown) : shown;
    return shortPlace === '' ? words : `${words}  ${this.style.faint(shortPlace)}`;
  }

  private nameOf(func: number): string {
    const { functions, strings } = this.tree.profile;
    return strings[functions.name[func]];
  }

  /** `file:line` where a file is known, else the module. */
  private placeOf(func: number, line: number): string {
    const { functions, modules, strings } = this.tree.profile;
    const file = functions.file[func];
    const module = functions.module[func];
    if (file >= 0) return shortFile(strings[file]) + (line > 0 ? `:${line}` : '');
    return module < 0 ? '' : strings[modules.name[module]];
  }
}

/** Columns that the figures take: `  2.31 s 100.0%  `. */
const FIGURES = 17;

function formatAmount(event: EventInfo, weight: number): string {
  return event.unit === 'ns' ? formatDuration(weight) : compactCount(weight);
}

/** `1,234`, and past a million `12.3M`, so that it fits its column. */
function compactCount(count: number): string {
  if (count < 1e6) return formatCount(Math.round(count));
  const steps: [number, string][] = [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
  ];
  for (const [size, unit] of steps) {
    if (count >= size) return `${(count / size).toPrecision(3)}${unit}`;
  }
  return String(count);
}
