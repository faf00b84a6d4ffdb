/**
 * `strata tree`: per thread, who spent the time, read downwards.
 *
 *     app  pid 42, tid 42: 2.31 s of cpu-clock in 2,310 samples
 *       2.31 s 100.0%  main  app.py
 *                      run  app.py
 *       1.20 s  51.9%  ├─ parse × 3  app.py
 *       1.11 s  48.1%  └─ json.loads  json/__init__.py
 *                         [12 frames hidden, json, re]
 *
 * A function that is all that its caller calls stands below it without a branch; its time is left out
 * where it is its caller's.
 */
import { formatPercent, plural } from '../../base/units.js';
import type { GroupOutline, Outline, OutlineNode } from '../../profile/tree/outline.js';
import type { Profile } from '../../profile/profile.js';
import { isTask } from '../../profile/tree/tasks.js';
import { NO_TASKS, outlines, type TreeChoice } from '../../profile/tree/tree-choice.js';
import {
  foldedWords,
  formatAmount,
  functionName,
  functionPlace,
  groupName,
  wholeOf,
} from '../tree/tree-words.js';
import { writeNotes } from './notes.js';
import { PLAIN, type Style } from './style.js';
import { columns, safe, shortenEnd, shortenMiddle, type Sink } from './text.js';

export interface TreeOptions extends TreeChoice {
  /** The terminal's columns; names are never cut where it is not given. */
  readonly width?: number;
  readonly style?: Style;
}

const MIN_WIDTH = 40;
/** Columns at most for the branches where lines may be of any length. */
const MOST_BRANCHES = 80;
/** Columns that the figures take: `  2.31 s 100.0%  `. */
const FIGURES = 17;
/** A place of fewer columns than this tells nothing. */
const MIN_PLACE = 8;

/** Writes the tree of every event and thread that has samples, and what could not be known. */
export function writeTree(profile: Profile, options: TreeOptions, sink: Sink): void {
  const trees = outlines(profile, options);
  for (const tree of trees) {
    for (const group of tree.groups) new Printer(tree, group, options, sink).print();
    writeSmaller(tree, sink);
  }
  if (trees.length === 0) sink('No samples.\n');
  writeNotes(profile, sink, { width: options.width });
}

function writeSmaller({ tree, smaller }: Outline, sink: Sink): void {
  if (smaller.groups === 0) return;
  const amount = formatAmount(tree.profile.events[tree.event], smaller.weight);
  sink(`${plural(smaller.groups, 'smaller thread')}: ${amount}\n\n`);
}

/** Writes a line in the style of a thread's heading, in two where the width asks for it. */
export function writeHeading(
  name: string,
  text: string,
  width: number,
  style: Style,
  sink: Sink,
): void {
  const fits = columns(name) + columns(text) + 2 <= width;
  for (const line of fits ? [`${name}: ${text}`] : [`${name}:`, text]) {
    sink(`${style.strong(shortenEnd(line, width))}\n`);
  }
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
  private readonly profile: Profile;
  private readonly style: Style;
  private readonly width: number;
  /** Columns for branches: deep nesting would push names off the terminal. */
  private readonly room: number;

  constructor(
    private readonly outline: Outline,
    private readonly group: GroupOutline,
    private readonly options: TreeOptions,
    private readonly sink: Sink,
  ) {
    this.profile = outline.tree.profile;
    this.style = options.style ?? PLAIN;
    this.width = Math.max(MIN_WIDTH, options.width ?? Infinity);
    this.room = Math.min(MOST_BRANCHES, Math.floor((this.width - FIGURES) / 2));
  }

  print(): void {
    const { tree } = this.outline;
    const whole = wholeOf(this.profile.events[tree.event], this.group);
    const order = this.options.inverted === true ? '; innermost functions, callers below them' : '';
    const name = groupName(tree, this.group.group);
    writeHeading(safe(name), safe(whole) + order, this.width, this.style, this.sink);
    const lines: Line[] = [];
    this.push(lines, this.group.roots, '', -1);
    for (let line; (line = lines.pop()) !== undefined;) {
      this.line(line);
      const { node } = line;
      if (node.kind === 'function' || node.kind === 'folded') {
        this.push(lines, node.children, line.lead, node.weight);
      }
    }
    this.sink('\n');
  }

  /** Puts `nodes` on the list, the first one last, that is, next. */
  private push(lines: Line[], nodes: readonly OutlineNode[], lead: string, above: number): void {
    const { room } = this;
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
        `${branch === '' ? '' : this.style.faint(branch)}${this.words(node, room)}\n`.replace(
          / +\n$/,
          '\n',
        ),
    );
  }

  private figures(weight: number): string {
    const amount = formatAmount(this.profile.events[this.outline.tree.event], weight);
    const percent = formatPercent(weight, this.group.weight, 1);
    const text = `${amount.padStart(8)} ${percent.padStart(6)}  `;
    const share = weight / this.group.weight;
    return share >= 0.5 ? this.style.hot(text) : share >= 0.1 ? this.style.warm(text) : text;
  }

  private words(node: OutlineNode, room: number): string {
    const { faint } = this.style;
    switch (node.kind) {
      case 'self':
        return faint(shortenEnd(this.options.inverted === true ? '[no caller]' : '[self]', room));
      case 'smaller':
        return faint(shortenEnd(`[${node.functions} smaller]`, room));
      case 'folded': {
        const cut = node.cut ? ' …' : '';
        return faint(shortenEnd(safe(foldedWords(node.frames, node.sources)) + cut, room));
      }
      case 'function':
        return this.functionWords(node, room);
    }
  }

  private functionWords(node: OutlineNode & { readonly kind: 'function' }, room: number): string {
    const { func } = node;
    const task = isTask(this.options.tasks ?? NO_TASKS, func) ? ' (task)' : '';
    const times = node.depth > 1 ? ` × ${node.depth}` : '';
    const marks = `${task}${times}${node.cut ? ' …' : ''}`;
    const name = safe(functionName(this.profile, func));
    const place = safe(functionPlace(this.profile, func, node.line));
    const left = room - columns(name) - columns(marks) - 2;
    const shortPlace =
      left >= Math.min(columns(place), MIN_PLACE) ? shortenMiddle(place, left) : '';
    const shown = shortenEnd(name, room - columns(marks)) + marks;
    const isOwn = func >= 0 && this.outline.folding.own[func] === 1;
    const words = isOwn ? this.style.strong(shown) : shown;
    return shortPlace === '' ? words : `${words}  ${this.style.faint(shortPlace)}`;
  }
}
