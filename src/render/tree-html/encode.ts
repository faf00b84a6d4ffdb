/** Outlines as the page's rows. */
import { plural } from '../../base/units.js';
import type { GroupOutline, Outline, OutlineNode } from '../../profile/tree/outline.js';
import { Layer, type Profile } from '../../profile/profile.js';
import { isTask, type TaskFunctions } from '../../profile/tree/tasks.js';
import { visibleText } from '../flamegraph/text.js';
import { foldedWords, functionName, functionPlace, groupName } from '../tree/tree-words.js';
import type { Look, TreePageData, TreeText } from './page/data.js';

/** Everything that the page shows of its trees, which are of the same profile. */
export function encodeTrees(
  profile: Profile,
  trees: readonly (readonly Outline[])[],
  tasks: TaskFunctions,
): TreePageData {
  const labels = new Labels();
  const texts = trees.map((outlines) => new TreeEncoder(profile, labels, tasks).encode(outlines));
  return { events: trees[0].length, ...labels.columns(), trees: texts };
}

/** Distinct names, each with its place and look. */
class Labels {
  private readonly indexOf = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly placeOf: string[] = [];
  private readonly places: string[] = [];
  private readonly placeIndex = new Map<string, number>();
  private readonly looks: Look[] = [];

  /** @returns the label's index */
  add(name: string, place: string, look: Look): number {
    const key = `${look}${place}\0${name}`;
    let index = this.indexOf.get(key);
    if (index === undefined) {
      let at = this.placeIndex.get(place);
      if (at === undefined) {
        at = this.places.push(visibleText(place)) - 1;
        this.placeIndex.set(place, at);
      }
      index = this.names.push(visibleText(name)) - 1;
      this.placeOf.push(at.toString(36));
      this.looks.push(look);
      this.indexOf.set(key, index);
    }
    return index;
  }

  columns(): Pick<TreePageData, 'names' | 'place' | 'places' | 'looks'> {
    const { names, places } = this;
    return { names, place: this.placeOf.join(','), places, looks: this.looks.join('') };
  }
}

/** A row still to be written. */
interface Waiting {
  readonly node: OutlineNode | GroupOutline | Outline;
  readonly level: number;
  readonly above: number;
  readonly of: Outline;
}

class TreeEncoder {
  private readonly climb: string[] = [];
  private readonly label: string[] = [];
  private readonly weight: string[] = [];
  private readonly self: string[] = [];
  private level = 0;

  constructor(
    private readonly profile: Profile,
    private readonly labels: Labels,
    private readonly tasks: TaskFunctions,
  ) {}

  /** Threads are the roots or, where there are several events, those. */
  encode(outlines: readonly Outline[]): TreeText {
    const waiting: Waiting[] = [];
    const push = (
      nodes: readonly Waiting['node'][],
      level: number,
      above: number,
      of?: Outline,
    ) => {
      for (let i = nodes.length - 1; i >= 0; i--) {
        const node = nodes[i];
        waiting.push({ node, level, above, of: of ?? (node as Outline) });
      }
    };
    if (outlines.length === 1) push(outlines[0].groups, 1, -1, outlines[0]);
    else push(outlines, 1, -1);
    for (let next; (next = waiting.pop()) !== undefined;) {
      const { node, level, above, of } = next;
      if ('groups' in node) {
        this.row(level, this.eventLabel(node), node.tree.weight, above, 0);
        push(node.groups, level + 1, node.tree.weight, node);
      } else if ('group' in node) {
        this.row(level, this.groupLabel(of, node.group), node.weight, above, 0);
        push(node.roots, level + 1, node.weight, of);
      } else {
        const self = node.kind === 'function' ? node.self.weight : 0;
        this.row(level, this.nodeLabel(of, node), node.weight, above, self);
        if (node.kind === 'function' || node.kind === 'folded') {
          // What a function spends itself has a column of its own.
          const calls = node.children.filter(({ kind }) => kind !== 'self');
          push(calls, level + 1, node.weight, of);
        }
      }
    }
    const text = (column: string[]): string => column.join(',');
    return {
      climb: text(this.climb),
      label: text(this.label),
      weight: text(this.weight),
      self: text(this.self),
    };
  }

  private row(level: number, label: number, weight: number, above: number, self: number): void {
    const climb = this.level + 1 - level;
    this.climb.push(climb === 0 ? '' : String(climb));
    this.label.push(label.toString(36));
    this.weight.push(weight === above ? '' : String(weight));
    this.self.push(self === 0 ? '' : String(self));
    this.level = level;
  }

  private groupLook({ tree }: Outline): Look {
    return this.profile.events[tree.event].unit === 'ns' ? 'T' : 'C';
  }

  private eventLabel(outline: Outline): number {
    const { name } = this.profile.events[outline.tree.event];
    return this.labels.add(name, '', this.groupLook(outline));
  }

  private groupLabel(outline: Outline, group: number): number {
    const [name, place = ''] = groupName(outline.tree, group).split(
      / {2}(?=pid -?\d+, tid -?\d+$)/,
    );
    return this.labels.add(name, place, this.groupLook(outline));
  }

  private nodeLabel({ folding }: Outline, node: OutlineNode): number {
    const { labels, profile } = this;
    switch (node.kind) {
      case 'self':
        return labels.add('[self]', '', 'f');
      case 'smaller':
        return labels.add(`[${node.functions} smaller]`, '', 'f');
      case 'folded':
        return labels.add(foldedWords(node.frames, node.sources), node.cut ? '…' : '', 'f');
      case 'function': {
        const { func } = node;
        const task = isTask(this.tasks, func) ? ' (task)' : '';
        const times = node.depth > 1 ? ` × ${node.depth}` : '';
        const name = `${functionName(profile, func)}${task}${times}${node.cut ? ' …' : ''}`;
        const own = func >= 0 && folding.own[func] === 1;
        const layer = func < 0 ? Layer.Unknown : profile.functions.layer[func];
        return labels.add(name, functionPlace(profile, func, node.line), own ? 'o' : lookOf(layer));
      }
    }
  }
}

function lookOf(layer: number): Look {
  return layer === Layer.Python ? 'p' : layer === Layer.Kernel ? 'k' : 'n';
}

/** `3 smaller threads are left out`, of those that the page does not show. */
export function leftOut(outlines: readonly Outline[]): string[] {
  return outlines.flatMap(({ smaller }) =>
    smaller.groups > 0 ? [`${plural(smaller.groups, 'smaller thread')} not shown.`] : [],
  );
}
